"""``doctor``: is everything as it should be, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideng.base.problems import say_phrase
from tideng.cli.terminal import FINE, REFUSED, Terminal
from tideng.cli.web_entry import WEB_GROUP
from tideng.cli.words import command, json_option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.model.judge_contract import EngineState
    from tideng.runtime.deployment import Deployment

OK, NOTE, WRONG = "ok", "note", "wrong"
MARKS = {OK: ("ok", "正常"), NOTE: ("note", "留意"), WRONG: ("wrong", "不对")}
Pair = tuple[str, str]
"""A text in English and Chinese."""
NOTHING: Pair = ("", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ok, note (look at it when there is time) or wrong; `way_out` says what to do."""

    what: Pair
    state: str
    said: Pair
    way_out: Pair = NOTHING


@command(
    "doctor",
    en="Look whether everything is as it should be, and say what to do where it is not.",
    zh="检查一切是否正常；不正常的，说明怎么办。",
)
@json_option()
def doctor(terminal: Terminal, as_json: bool) -> int:
    with terminal.open(migrated=False) as deployment:
        found = list(examine(deployment))
    wrong = any(one.state == WRONG for one in found)
    if as_json:
        for one in found:
            said, way_out = terminal.text(*one.said), terminal.text(*one.way_out)
            terminal.json({"check": one.what[0], "state": one.state, "said": said, "way_out": way_out})
        return REFUSED if wrong else FINE
    rows = [
        (
            terminal.text(*one.what),
            terminal.text(*MARKS[one.state]),
            terminal.text(*one.said),
            terminal.text(*one.way_out),
        )
        for one in found
    ]
    terminal.table((("check", "检查"), ("state", "状态"), ("what was found", "结果"), ("way out", "怎么办")), rows)
    return REFUSED if wrong else FINE


def examine(deployment: Deployment) -> Iterator[Finding]:
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


def _database(deployment: Deployment) -> Finding:
    from sqlalchemy.engine import make_url

    what = ("database", "数据库")
    shown = make_url(deployment.settings.database_url).render_as_string(hide_password=True)
    file = make_url(deployment.settings.database_url).database or ""
    if shown.startswith("sqlite") and not Path(file).is_file():
        return Finding(what, WRONG, (f"{shown} is not there", f"{shown} 不存在"), ("tideng migrate",) * 2)
    try:
        with deployment.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        hint = ("start it, or mend database_url in tideng.toml", "启动数据库，或改 tideng.toml 里的 database_url")
        return Finding(what, WRONG, (reason, reason), hint)
    return Finding(what, OK, (shown, shown))


def _sqlite(deployment: Deployment) -> Iterator[Finding]:
    from tideng.store.database import SAFE_SQLITE, is_sqlite

    if is_sqlite(deployment.engine):
        import pysqlite3

        version, safe = pysqlite3.sqlite_version, pysqlite3.sqlite_version_info >= SAFE_SQLITE
        hint = NOTHING if safe else ("pip install 'pysqlite3>=0.6'",) * 2
        yield Finding(("SQLite version", "SQLite 版本"), OK if safe else WRONG, (version, version), hint)


def _migrated(deployment: Deployment) -> Finding:
    from tideng.runtime.migrate import behind

    what, parts = ("tables", "表结构"), ", ".join(behind(deployment))
    if not parts:
        return Finding(what, OK, ("up to date", "已是最新"))
    return Finding(what, WRONG, (f"not up to date: {parts}", f"不是最新：{parts}"), ("tideng migrate",) * 2)


def _plugins(deployment: Deployment) -> Iterator[Finding]:

    for one in deployment.plugins.states:
        what = (f"plugin {one.name}", f"插件 {one.name}")
        if one.state == "on":
            yield Finding(what, OK, (one.version, one.version))
        elif one.state == "off":
            hint = (
                "add it to plugins_allowed in tideng.toml if you trust it",
                "信任它的话，写进 tideng.toml 的 plugins_allowed",
            )
            yield Finding(what, NOTE, (one.error, say_phrase(one.why, "zh") if one.why else ""), hint)
        else:
            hint = (f"mend or remove it ({one.module})", f"修好或卸载它（{one.module}）")
            yield Finding(what, WRONG, (one.error, say_phrase(one.why, "zh") if one.why else ""), hint)


def _front_end() -> Iterator[Finding]:
    for entry in entry_points(group=WEB_GROUP, name="is_built"):
        what = ("front end", "网页脚本")
        if entry.load()():
            yield Finding(what, OK, ("built", "已构建"))
        else:
            said = ("not built; every page works without scripts", "还没有构建；没有脚本，每一页也能用")
            yield Finding(what, NOTE, said, ("make install",) * 2)


def _engine(deployment: Deployment, connection: Connection) -> Finding:
    """Ask about one rule in force, with no facts at all: the engine has to start for it, and judging only answers."""
    from tideng.model.judge_contract import OnEvent, Situation

    what, kind, plugins = ("engine", "规则引擎"), deployment.settings.engine, deployment.plugins
    before = deployment.failed_plugins()
    plugins.call("refresh", connection=connection)
    watches = [watch for part in plugins.call("watches") for watch in part]
    for watch in watches[:1]:
        on = watch.trigger
        question = f"event:{on.event_type}" if isinstance(on, OnEvent) else f"rule:{watch.rule}"
        plugins.call("judge", situations=[Situation(question, "doctor", deployment.clock.now(), {}, watch.version)])
    failed = ", ".join(sorted(deployment.failed_plugins() - before))
    if failed:
        hint = ('set engine = "closures" in tideng.toml', '在 tideng.toml 里设 engine = "closures"')
        return Finding(what, WRONG, (f"{kind}: {failed} failed", f"{kind}：{failed} 出错"), hint)
    state = plugins.first("engine_state", connection=connection)
    if state is not None and not state.as_asked:
        return Finding(what, WRONG, *_another_engine(state))
    if not watches:
        return Finding(
            what, NOTE, (f"{kind}: no rules in force", f"{kind}：没有生效的规则"), ("tideng apply CLIENT_DIR",) * 2
        )
    return Finding(what, OK, (f"{kind}: {len(watches)} rules in force", f"{kind}：{len(watches)} 条规则生效"))


def _another_engine(state: EngineState) -> tuple[Pair, Pair]:
    """What is said, and the way out, where another engine judges than was asked for."""
    why, zh = state.why.get("en", ""), state.why.get("zh", "")
    detail = f" ({state.detail})" if state.detail else ""
    said = (
        f"{state.judging} judge in place of {state.asked}: {why}{detail}",
        f"由 {state.judging} 代替 {state.asked} 判断：{zh}{detail}",
    )
    return said, (state.way_out.get("en", ""), state.way_out.get("zh", ""))


def _attention(deployment: Deployment, connection: Connection) -> Iterator[Finding]:
    """What the plugins want somebody to look at, such as a rule that was set aside."""
    for part in deployment.plugins.call("needs_attention", connection=connection):
        for one in part:
            pairs = ((text.get("en", ""), text.get("zh", "")) for text in (one.what, one.said, one.way_out))
            what, said, way_out = pairs
            yield Finding(what, WRONG, said, way_out)


def _queue(deployment: Deployment) -> Finding:
    import sqlite3  # the queue is another file than the database, and the standard library's SQLite reads no WAL of ours

    what, file = ("queue file", "队列文件"), deployment.settings.queue_file
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
        hint = (
            "delete it, or give this user the folder; nothing is lost",
            "删掉它，或把目录权限给当前用户；不会丢东西",
        )
        return Finding(what, WRONG, (said, said), hint)
    if not existed:
        Path(file).unlink(missing_ok=True)
    return Finding(what, OK, (file, file))


def _calendar(deployment: Deployment) -> Finding:
    what, country = ("working calendar", "工作日历"), deployment.profile.calendar
    year = deployment.clock.now().year
    if not deployment.calendar.published(year):
        hint = ("update the package holidays", "升级 holidays 包")
        return Finding(what, WRONG, (f"{country}: {year} is not known", f"{country}：没有 {year} 年"), hint)
    if not deployment.calendar.published(year + 1):
        hint = ("update the package holidays once it is announced", "公布后升级 holidays 包")
        said = (f"{country}: {year + 1} is not announced yet", f"{country}：{year + 1} 年尚未公布")
        return Finding(what, NOTE, said, hint)
    return Finding(what, OK, (f"{country}: {year}, {year + 1}",) * 2)


def _clock(deployment: Deployment) -> Finding:
    what, now = ("clock", "时钟"), deployment.clock.now()
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if deployment.settings.clock_start is not None:
        said = (
            f"virtual, {deployment.settings.clock_speed:g}×: {shown}",
            f"虚拟时钟，{deployment.settings.clock_speed:g} 倍：{shown}",
        )
        hint = (
            "for demonstrations only: take clock_start out of tideng.toml",
            "仅供演示：去掉 tideng.toml 里的 clock_start",
        )
        return Finding(what, NOTE, said, hint)
    if now < datetime(2025, 1, 1, tzinfo=UTC):
        return Finding(what, WRONG, (shown, shown), ("set the machine's clock", "校准机器时钟"))
    return Finding(what, OK, (shown, shown))


def _client(deployment: Deployment) -> Finding:
    name = deployment.profile.client
    if name:
        return Finding(("client", "客户"), OK, (name, name))
    return Finding(
        ("client", "客户"), NOTE, ("none applied yet", "还没有应用客户配置"), ("tideng apply CLIENT_DIR",) * 2
    )


def _people(deployment: Deployment, connection: Connection) -> Iterator[Finding]:
    directory: Any = deployment.plugins.first("directory", connection=connection)
    members = list(directory.members(deployment.clock.now())) if directory else []
    here = {member.person for member in members}
    nobody_above = [m.person for m in members if not m.supervisor or m.supervisor not in here]
    tops = {m.person for m in members if not m.supervisor}
    if not members:
        return
    what = ("supervisors", "主管")
    vacant = [person for person in nobody_above if person not in tops]
    if len(tops) > 1 or vacant:
        lone = _some([*(sorted(tops) if len(tops) > 1 else ()), *vacant])
        said = (f"without a supervisor who is here: {lone}", f"没有在职主管：{lone}")
        yield Finding(
            what, NOTE, said, ("mend people.csv, then `tideng apply`", "改 people.csv，再运行 `tideng apply`")
        )
    else:
        yield Finding(what, OK, (f"{len(members)} people, one at the top", f"{len(members)} 人，最上面一位"))
    if "email" in deployment.profile.channels:
        without = [member.person for member in members if not member.email]
        what = ("e-mail addresses", "邮箱地址")
        if without:
            said = (f"missing: {_some(without)}", f"缺：{_some(without)}")
            yield Finding(
                what, WRONG, said, ("mend people.csv, then `tideng apply`", "改 people.csv，再运行 `tideng apply`")
            )
        else:
            yield Finding(what, OK, (f"{len(members)}",) * 2)


def _some(people: list[str]) -> str:
    return ", ".join(people[:5]) + (f" … ({len(people)})" if len(people) > 5 else "")


def _rates(deployment: Deployment, connection: Connection) -> Iterator[Finding]:
    """Amounts that nobody can compare, since no rate says what they are worth."""
    from tideng.store.rates import without_rate

    for currency, first, amounts in without_rate(connection, deployment.catalogue.money):
        said = (
            f"{amounts} amounts are read as no data, the first of {first}",
            f"{amounts} 笔金额当作没有数据，最早 {first}",
        )
        hint = (
            f"add a rate of {currency} on or before {first} to rates.csv, then tideng apply",
            f"在 rates.csv 里补上 {currency} 在 {first} 或之前的汇率，再 tideng apply",
        )
        yield Finding((f"exchange rate {currency}", f"汇率 {currency}"), NOTE, said, hint)


def _parked(connection: Connection) -> Finding:
    from tideng.outbox import rows

    number = rows.count(connection, rows.Selection((rows.PARKED,)))
    what = ("messages", "消息")
    if not number:
        return Finding(what, OK, ("none parked", "没有搁置的"))
    error = rows.first_error(connection)
    hint = ("mend the channel, then send them again on the page Outbox", "修好渠道，再到“发件箱”页面重发")
    return Finding(what, WRONG, (f"{number} parked: {error}", f"{number} 条搁置：{error}"), hint)


def _letters(connection: Connection) -> Finding:
    from tideng.store.events import count_dead_letters

    number = count_dead_letters(connection)
    what = ("dead letters", "死信")
    if not number:
        return Finding(what, OK, ("none", "没有"))
    hint = ("`tideng dead-letters`; once mended, with --retry", "`tideng dead-letters`；改好后加 --retry")
    return Finding(what, WRONG, (f"{number} wait", f"{number} 条等待处理"), hint)


def _backlog(deployment: Deployment, connection: Connection) -> Finding:
    from tideng.model.statuses import EventStatus
    from tideng.store.event_reading import count_events, first_failure, oldest_waiting

    what = ("events", "事件")
    failed = count_events(connection, EventStatus.FAILED)
    if failed:
        error = first_failure(connection)
        said = (f"{failed} could not be judged: {error}", f"{failed} 个无法判断：{error}")
        return Finding(what, WRONG, said, ("see the page Events", "见“事件”页面"))
    oldest = oldest_waiting(connection)
    age = (deployment.clock.now() - oldest).total_seconds() if oldest else 0.0
    if age > deployment.settings.backlog_limit_seconds:
        said = (f"the oldest has waited {age:,.0f} s", f"最早的已等 {age:,.0f} 秒")
        return Finding(
            what,
            WRONG,
            said,
            ("start `tideng run` or one more `tideng worker`", "启动 `tideng run`，或再加一个 `tideng worker`"),
        )
    return Finding(what, OK, ("none waits too long", "没有久等的"))
