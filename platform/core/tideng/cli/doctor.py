"""``doctor``: is everything as it should be, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.base.problems import in_each_language
from tideng.base.text import SOURCE, Text, phrase, wording
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.web_entry import WEB_GROUP
from tideng.cli.words import command, json_option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.model.judge_contract import EngineState
    from tideng.plugins.manager import PluginState
    from tideng.runtime.deployment import Deployment

OK, NOTE, WRONG = "ok", "note", "wrong"
MARKS = {OK: phrase("ok"), NOTE: phrase("note"), WRONG: phrase("wrong")}


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `state` is ok, note (look at it when there is time) or wrong; `way_out` says what to do."""

    what: Text
    state: str
    said: Text | str
    way_out: Text | str = ""


@command("doctor", help=phrase("Look whether everything is as it should be, and say what to do where it is not."))
@json_option()
def doctor(terminal: Terminal, as_json: bool) -> int:
    with terminal.open(migrated=False) as deployment:
        found = list(examine(deployment))
    wrong = any(one.state == WRONG for one in found)
    if as_json:
        for one in found:
            said, way_out = terminal.text(one.said), terminal.text(one.way_out)
            terminal.json({"check": wording(one.what, SOURCE), "state": one.state, "said": said, "way_out": way_out})
        return REFUSED if wrong else FINE
    rows = [
        (
            terminal.text(one.what),
            terminal.text(MARKS[one.state]),
            terminal.text(one.said),
            terminal.text(one.way_out),
        )
        for one in found
    ]
    terminal.table(
        (phrase("check"), phrase("state"), phrase("what was found"), phrase("way out", context="doctor")), rows
    )
    return REFUSED if wrong else FINE


def examine(deployment: Deployment) -> Iterator[Check]:
    """Everything that is looked at, in order; nothing is changed."""
    reachable = _database(deployment)
    yield reachable
    yield from _sqlite(deployment)
    ready = False
    if reachable.state == OK:
        migrated = _migrated(deployment)
        yield migrated
        ready = migrated.state == OK
    yield from _plugins(deployment)
    yield _queue(deployment)
    yield _calendar(deployment)
    yield _clock(deployment)
    yield from _front_end()
    if ready:
        from tideng.store.database import reading

        with reading(deployment.engine) as connection:
            yield _client(deployment)
            yield _engine(deployment, connection)
            yield from _attention(deployment, connection)
            yield from _people(deployment, connection)
            yield from _rates(deployment, connection)
            yield _parked(connection)
            yield _letters(connection)
            yield _backlog(deployment, connection)


def _database(deployment: Deployment) -> Check:
    from sqlalchemy.engine import make_url

    what = phrase("database")
    shown = make_url(deployment.settings.database_url).render_as_string(hide_password=True)
    file = make_url(deployment.settings.database_url).database or ""
    if shown.startswith("sqlite") and not Path(file).is_file():
        return Check(what, WRONG, phrase("{shown} is not there", shown=shown), "tideng migrate")
    try:
        with deployment.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        hint = phrase("start it, or mend database_url in tideng.toml")
        return Check(what, WRONG, reason, hint)
    return Check(what, OK, shown)


def _sqlite(deployment: Deployment) -> Iterator[Check]:
    from tideng.store.database import SAFE_SQLITE, is_sqlite

    if is_sqlite(deployment.engine):
        import pysqlite3

        version, safe = pysqlite3.sqlite_version, pysqlite3.sqlite_version_info >= SAFE_SQLITE
        hint = "" if safe else "pip install 'pysqlite3>=0.6'"
        yield Check(phrase("SQLite version"), OK if safe else WRONG, version, hint)


def _migrated(deployment: Deployment) -> Check:
    from tideng.runtime.migrate import behind

    what, parts = phrase("tables"), ", ".join(behind(deployment))
    if not parts:
        return Check(what, OK, phrase("up to date"))
    return Check(what, WRONG, phrase("not up to date: {parts}", parts=parts), "tideng migrate")


def _plugins(deployment: Deployment) -> Iterator[Check]:

    for one in deployment.plugins.states:
        what = phrase("plugin {name}", name=one.name)
        if one.state == "on":
            yield Check(what, OK, one.version)
        elif one.state == "off":
            hint = phrase("add it to plugins_allowed in tideng.toml if you trust it")
            yield Check(what, NOTE, _why_off(one), hint)
        else:
            hint = phrase("mend or remove it ({module})", module=one.module)
            yield Check(what, WRONG, _why_off(one), hint)


def _why_off(state: PluginState) -> Text | str:
    return in_each_language(state.why) if state.why else ""


def _front_end() -> Iterator[Check]:
    for entry in entry_points(group=WEB_GROUP, name="is_built"):
        what = phrase("front end")
        if entry.load()():
            yield Check(what, OK, phrase("built"))
        else:
            said = phrase("not built; every page works without scripts")
            yield Check(what, NOTE, said, "make install")


def _engine(deployment: Deployment, connection: Connection) -> Check:
    """Ask about one rule in force, with no facts at all: the engine has to start for it, and judging only answers."""
    from tideng.model.judge_contract import OnEvent, Situation

    what, kind, plugins = phrase("engine"), deployment.settings.engine, deployment.plugins
    before = deployment.failed_plugins()
    plugins.call("refresh", connection=connection)
    watches = [watch for part in plugins.call("watches") for watch in part]
    for watch in watches[:1]:
        on = watch.trigger
        question = f"event:{on.event_type}" if isinstance(on, OnEvent) else f"rule:{watch.rule}"
        plugins.call("judge", situations=[Situation(question, "doctor", deployment.clock.now(), {}, watch.version)])
    failed = ", ".join(sorted(deployment.failed_plugins() - before))
    if failed:
        hint = phrase('set engine = "closures" in tideng.toml')
        return Check(what, WRONG, phrase("{kind}: {failed} failed", kind=kind, failed=failed), hint)
    state = plugins.first("engine_state", connection=connection)
    if state is not None and not state.as_asked:
        return Check(what, WRONG, _another_engine(state), state.way_out)
    if not watches:
        return Check(what, NOTE, phrase("{kind}: no rules in force", kind=kind), "tideng apply CLIENT_DIR")
    return Check(what, OK, phrase("{kind}: {n} rules in force", kind=kind, n=len(watches)))


def _another_engine(state: EngineState) -> Text:
    """What is said where another engine judges than was asked for."""
    values: dict[str, Any] = {"judging": state.judging, "asked": state.asked, "why": state.why}
    if not state.detail:
        return phrase("{judging} judge in place of {asked}: {why}", **values)
    return phrase("{judging} judge in place of {asked}: {why} ({detail})", detail=state.detail, **values)


def _attention(deployment: Deployment, connection: Connection) -> Iterator[Check]:
    """What the plugins want somebody to look at, such as a rule that was set aside."""
    for part in deployment.plugins.call("needs_attention", connection=connection):
        for one in part:
            yield Check(one.what, WRONG, one.said, one.way_out)


def _queue(deployment: Deployment) -> Check:
    import sqlite3  # the queue is another file than the database, and the standard library's SQLite reads no WAL of ours

    what, file = phrase("queue file"), deployment.settings.queue_file
    existed = Path(file).exists()
    try:
        connection = sqlite3.connect(file, timeout=2, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        said = f"{file}: {error}"
        hint = phrase("delete it, or give this user the folder; nothing is lost")
        return Check(what, WRONG, said, hint)
    if not existed:
        Path(file).unlink(missing_ok=True)
    return Check(what, OK, file)


def _calendar(deployment: Deployment) -> Check:
    what, country = phrase("working calendar"), deployment.profile.calendar
    year = deployment.clock.now().year
    if not deployment.calendar.published(year):
        hint = phrase("update the package holidays")
        return Check(what, WRONG, phrase("{country}: {year} is not known", country=country, year=year), hint)
    if not deployment.calendar.published(year + 1):
        hint = phrase("update the package holidays once it is announced")
        said = phrase("{country}: {value} is not announced yet", country=country, value=year + 1)
        return Check(what, NOTE, said, hint)
    return Check(what, OK, f"{country}: {year}, {year + 1}")


def _clock(deployment: Deployment) -> Check:
    what, now = phrase("clock"), deployment.clock.now()
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if deployment.settings.clock_start is not None:
        said = phrase(
            "virtual, {clock_speed}×: {shown}", clock_speed=f"{deployment.settings.clock_speed:g}", shown=shown
        )
        hint = phrase("for demonstrations only: take clock_start out of tideng.toml")
        return Check(what, NOTE, said, hint)
    if now < datetime(2025, 1, 1, tzinfo=UTC):
        return Check(what, WRONG, shown, phrase("set the machine's clock"))
    return Check(what, OK, shown)


def _client(deployment: Deployment) -> Check:
    name = deployment.profile.client
    if name:
        return Check(phrase("client"), OK, name)
    return Check(phrase("client"), NOTE, phrase("none applied yet"), "tideng apply CLIENT_DIR")


def _people(deployment: Deployment, connection: Connection) -> Iterator[Check]:
    directory: Any = deployment.plugins.first("directory", connection=connection)
    members = list(directory.members(deployment.clock.now())) if directory else []
    here = {member.person for member in members}
    nobody_above = [m.person for m in members if not m.supervisor or m.supervisor not in here]
    tops = {m.person for m in members if not m.supervisor}
    if not members:
        return
    what = phrase("supervisors")
    vacant = [person for person in nobody_above if person not in tops]
    if len(tops) > 1 or vacant:
        lone = _some([*(sorted(tops) if len(tops) > 1 else ()), *vacant])
        said = phrase("without a supervisor who is here: {lone}", lone=lone)
        yield Check(what, NOTE, said, phrase("mend people.csv, then `tideng apply`"))
    else:
        yield Check(what, OK, phrase("{n} people, one at the top", n=len(members)))
    if "email" in deployment.profile.channels:
        without = [member.person for member in members if not member.email]
        what = phrase("e-mail addresses")
        if without:
            said = phrase("missing: {some}", some=_some(without))
            yield Check(what, WRONG, said, phrase("mend people.csv, then `tideng apply`"))
        else:
            yield Check(what, OK, f"{len(members)}")


def _some(people: list[str]) -> str:
    return ", ".join(people[:5]) + (f" … ({len(people)})" if len(people) > 5 else "")


def _rates(deployment: Deployment, connection: Connection) -> Iterator[Check]:
    """Amounts that nobody can compare, since no rate says what they are worth."""
    from tideng.store.rates import without_rate

    for currency, first, amounts in without_rate(connection, deployment.catalogue.money):
        said = phrase("{amounts} amounts are read as no data, the first of {first}", amounts=amounts, first=first)
        hint = phrase(
            "add a rate of {currency} on or before {first} to rates.csv, then tideng apply",
            currency=currency,
            first=first,
        )
        yield Check(phrase("exchange rate {currency}", currency=currency), NOTE, said, hint)


def _parked(connection: Connection) -> Check:
    from tideng.outbox import rows

    number = rows.count(connection, rows.Selection((rows.PARKED,)))
    what = phrase("messages")
    if not number:
        return Check(what, OK, phrase("none parked"))
    error = rows.first_error(connection)
    hint = phrase("mend the channel, then send them again on the page Outbox")
    return Check(what, WRONG, phrase("{number} parked: {error}", number=number, error=error), hint)


def _letters(connection: Connection) -> Check:
    from tideng.store.events import count_dead_letters

    number = count_dead_letters(connection)
    what = phrase("dead letters")
    if not number:
        return Check(what, OK, phrase("none"))
    hint = phrase("`tideng dead-letters`; once mended, with --retry")
    return Check(what, WRONG, phrase("{number} wait", number=number), hint)


def _backlog(deployment: Deployment, connection: Connection) -> Check:
    from tideng.model.statuses import EventStatus
    from tideng.store.event_reading import count_events, first_failure, oldest_waiting

    what = phrase("events")
    failed = count_events(connection, EventStatus.FAILED)
    if failed:
        error = first_failure(connection)
        said = phrase("{failed} could not be judged: {error}", failed=failed, error=error)
        return Check(what, WRONG, said, phrase("see the page Events"))
    oldest = oldest_waiting(connection)
    age = (deployment.clock.now() - oldest).total_seconds() if oldest else 0.0
    if age > deployment.settings.backlog_limit_seconds:
        said = phrase("the oldest has waited {age} s", age=f"{age:,.0f}")
        return Check(
            what,
            WRONG,
            said,
            phrase("start `tideng run` or one more `tideng worker`"),
        )
    return Check(what, OK, phrase("none waits too long"))
