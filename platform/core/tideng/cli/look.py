"""``nudges``: what was found and said; and one finding told line by line, for whoever explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tideng.base.text import Each, Text, colon, phrase, wording
from tideng.cli.replay import moment_of
from tideng.cli.terminal import FINE, Terminal
from tideng.cli.words import command, json_option, option
from tideng.model.statuses import NUDGE_TITLES, MessageStatus, NudgeStatus, dropped_title, held_title

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.model.catalogue import Catalogue
    from tideng.org.directory import Directory
    from tideng.runtime.deployment import Deployment
    from tideng.views.nudges import Delivery, NudgeView

_PAGE = 200
_TAIL = re.compile(r"(?P<rest>.*)/(?P<step>\d+)\.(?P<ordinal>\d+)")
ACTIONS = {
    "nudge": phrase("nudge"),
    "ask": phrase("ask", context="look"),
    "mark": phrase("mark"),
    "infer": phrase("infer"),
    "emit": phrase("emit"),
    "improve": phrase("improvement item"),
    "plan": phrase("plan"),
}
OPERATORS = {
    "is": phrase("is", context="look"),
    "is_not": phrase("is not", context="look"),
    "lt": phrase("is below"),
    "lte": phrase("is at most"),
    "gt": phrase("is above"),
    "gte": phrase("is at least"),
    "between": phrase("is between"),
    "in": phrase("is one of"),
    "not_in": phrase("is none of"),
    "contains": phrase("contains"),
    "not_contains": phrase("does not contain"),
    "starts_with": phrase("starts with"),
    "matches": phrase("matches", context="look"),
    "exists": phrase("is known"),
}


@command("nudges", help=phrase("Show what was found and said, newest first."))
@option("--person", metavar="ID", help=phrase("Only what is about this person, or was said to them."))
@option("--since", metavar="T", help=phrase("Only from this moment or day on."))
@option("--limit", type=click.IntRange(min=1), metavar="N", default=50, help=phrase("At most so many (50)."))
@json_option()
def nudges(terminal: Terminal, person: str | None, since: str | None, limit: int, as_json: bool) -> int:
    from tideng.org.directory import zone
    from tideng.store.database import reading
    from tideng.views.nudges import NudgeFilter

    with terminal.open() as deployment, reading(deployment.engine) as connection:
        directory = directory_of(deployment, connection)
        first = None if since is None else moment_of(since, zone(deployment.profile.timezone), "--since")
        wanted = NudgeFilter(person=person, since=first)
        found = _newest(deployment, connection, directory, wanted, limit)
        if as_json:
            for view in found:
                terminal.json(to_json(view, directory))
            return FINE
        rows = [_row(terminal, view, directory) for view in found]
    if not rows:
        terminal.say(phrase("Nothing was found or said."))
        return FINE
    headings = (phrase("id"), phrase("at"), phrase("about"), phrase("to"), phrase("rule"))
    terminal.table((*headings, phrase("action"), phrase("state"), phrase("words")), rows)
    return FINE


def _newest(
    deployment: Deployment, connection: Connection, directory: Directory, wanted: Any, limit: int
) -> Iterator[NudgeView]:
    from tideng.access.viewer import Viewer
    from tideng.views.nudges import nudges as page_of

    before: int | None = None
    while limit > 0:
        size = min(limit, _PAGE)
        page = page_of(connection, Viewer.system(), directory, deployment.clock.now(), wanted, before, size)
        yield from page.items
        limit -= len(page.items)
        before = page.next
        if before is None:
            return


def _row(terminal: Terminal, view: NudgeView, directory: Directory) -> tuple[object, ...]:
    at = view.at.astimezone(directory.zone_of(view.subject, view.at))
    action, status = (
        terminal.text(ACTIONS.get(view.action, view.action)),
        terminal.text(_status_words(view.status)),
    )
    held = _held_delivery(view)
    if held:
        status += colon(terminal.language) + terminal.text(_held_words(held, directory))
    return (
        view.id,
        f"{at:%Y-%m-%d %H:%M}",
        view.subject_name,
        view.recipient_name,
        view.rule,
        action,
        status,
        view.message,
    )


def _held_delivery(view: NudgeView) -> Delivery | None:
    """The message that is kept from its reader now, where the finding is on hold or snoozed; the snooze before all others."""
    if view.status not in (NudgeStatus.HELD, NudgeStatus.SNOOZED, NudgeStatus.DISPUTED):
        return None
    return next(iter(sorted((d for d in view.deliveries if d.is_held), key=lambda d: not d.is_snoozed)), None)


def _status_words(status: NudgeStatus) -> Text:
    """A status within a line; its title begins in lower case there, where the language has any."""

    def small(language: str) -> str:
        title = wording(NUDGE_TITLES[status], language)
        return title[:1].lower() + title[1:]

    return Each(small)


def _held_words(held: Delivery, directory: Directory) -> Text:
    """Why a message is held and until when, where its reader lives."""
    because = held_title(held.held_because)
    if held.status == MessageStatus.HELD and not held.is_snoozed:
        return phrase("{because}, until HR decides", because=because)
    due = held.due.astimezone(directory.zone_of(held.recipient, held.due))
    return phrase("{because}, until {due}", because=because, due=f"{due:%Y-%m-%d %H:%M}")


def to_json(view: NudgeView, directory: Directory) -> dict[str, Any]:
    """One finding as other programs read it; moments in the subject's own zone."""
    zone = directory.zone_of(view.subject, view.at)
    return {
        "id": view.id,
        "key": view.key,
        "at": view.at.astimezone(zone).isoformat(),
        "rule": view.rule,
        "version": view.version,
        "subject": view.subject,
        "effect": view.effect,
        "action": view.action,
        "to": view.recipient,
        "meant_for": view.meant_for,
        "message": view.message,
        "locale": view.locale,
        "status": view.status,
        "response": view.response,
        "withdrawn_because": view.withdrawn_because,
        "deliveries": [
            {
                "channel": d.channel,
                "status": d.status,
                "held_because": d.held_because,
                "due": d.due.isoformat(),
                "bundle": d.bundle,
                "dropped_because": d.dropped_because,
                "error": d.error,
            }
            for d in view.deliveries
        ],
        "why": [dict(reason) for reason in view.why],
    }


def directory_of(deployment: Deployment, connection: Connection) -> Directory:
    """Give the directory of a deployment; an empty one where no plugin keeps it."""
    from tideng.org.directory import Directory

    found = deployment.plugins.first("directory", connection=connection)
    return found or Directory(default_zone=deployment.profile.timezone)


def finding_number(connection: Connection, name: str) -> int | None:
    """The id of the finding that `name` means: its id itself, or the key that `replay` prints; None when there is none."""
    return int(name) if name.isascii() and name.isdigit() else _by_key(connection, name)


def _by_key(connection: Connection, key: str) -> int | None:
    """The finding with this key. The subject and the period may hold slashes themselves, so they are compared joined."""
    from tideng.store.findings import finding_with_key

    rule, _, rest = key.partition("/")
    readings = [(rest, 0, 0)]
    if found := _TAIL.fullmatch(rest):
        readings.insert(0, (found["rest"], int(found["step"]), int(found["ordinal"])))
    for text, step, ordinal in readings:
        number = finding_with_key(connection, rule, text, step, ordinal)
        if number is not None:
            return number
    return None


def sentences(
    view: NudgeView,
    directory: Directory,
    catalogue: Catalogue,
    title: Mapping[str, str],
    language: str,
    tree: Sequence[str] | None = None,
) -> Iterator[str]:
    """The finding told line by line: what, when, to whom, why, and what became of it. `tree`: the lines of its conditions
    as a tree, in place of its reasons one after the other."""
    from tideng.model.templates import choose, spoken

    at = view.at.astimezone(directory.zone_of(view.subject, view.at))
    named = choose(title, language)[0] or view.rule
    yield wording(
        phrase("{named} ({rule}, version {version})", named=named, rule=view.rule, version=view.version), language
    )
    action = wording(ACTIONS.get(view.action, view.action), language)
    to = (
        (wording(phrase(", to {recipient_name}", recipient_name=view.recipient_name), language))
        if view.recipient
        else ""
    )
    about = wording(phrase("about {subject_name}", subject_name=view.subject_name), language)
    yield f"{at:%Y-%m-%d %H:%M:%S %Z} {about}{colon(language)}{action}{to}"
    if view.meant_for and view.meant_for != view.recipient:
        yield wording(phrase("It was meant for {meant_for_name}.", meant_for_name=view.meant_for_name), language)
    if view.message:
        yield f"“{view.message}”"
    yield wording(phrase("Why:"), language)
    for reason in view.why:
        if tree is None or reason["op"] not in OPERATORS:
            yield "  " + _reason(reason, catalogue, language, spoken)
    yield from (f"  {line}" for line in tree or ())
    if not view.why:
        yield wording(phrase("  the rule has no conditions"), language)
    status, aftermath = _status_words(view.status), _aftermath(view, directory)
    yield wording(phrase("Now: {status}{aftermath}", status=status, aftermath=aftermath), language)


def _reason(reason: Mapping[str, Any], catalogue: Catalogue, language: str, spoken: Any) -> str:
    if reason["op"] in ("without", "wait", "not_all"):
        return wording(_waited(reason, catalogue), language)
    missing = wording(phrase("no data"), language)
    values = {
        "name": title_of(reason["fact"], catalogue, language),
        "value": spoken(reason["value"], language, missing),
        "operator": OPERATORS.get(reason["op"], reason["op"]),
        "operand": spoken(reason["operand"], language, missing),
        "result": phrase("holds") if reason["holds"] else phrase("does not hold"),
    }
    if reason["op"] == "exists":
        return wording(phrase("{name}: {value} ({operator}: {result})", **values), language)
    return wording(phrase("{name}: {value} ({operator} {operand}: {result})", **values), language)


def _waited(reason: Mapping[str, Any], catalogue: Catalogue) -> Text:
    """What happened when, and what followed or did not follow in time."""

    def title(name: str) -> Text | str:
        known = catalogue.event_types.get(name)
        return phrase("“{name}”", name=known.title if known else name)

    moment = datetime.fromisoformat(reason["value"])
    since, operand = _day_and_time(moment), reason["operand"]
    if reason["op"] == "wait":
        return phrase("{event} came {n} times since {since}", event=title(reason["fact"]), n=operand, since=since)
    if reason["op"] == "not_all":
        came, missing = ([title(one) for one in operand[kind]] for kind in ("came", "missing"))
        return phrase("{came} came since {since}, and no {missing} in time", came=came, since=since, missing=missing)
    others = [title(one) for one in operand]
    event = title(reason["fact"])
    return phrase("{event} came on {since}, and no {others} followed in time", event=event, since=since, others=others)


def _day_and_time(moment: datetime) -> Text:
    from tideng.base.locales import formatted  # Babel, which other commands do not load

    day = Each(lambda language: formatted(moment, "MMMMd", language))
    return phrase("{day} at {clock}", day=day, clock=f"{moment:%H:%M}")


def title_of(fact: str, catalogue: Catalogue, language: str) -> str:
    """A fact's name as people know it; its own where nobody gave it a title."""
    from tideng.outbox.storm_control import PEOPLE

    if fact == PEOPLE:
        return wording(phrase("people to tell in one day"), language)
    kind, _, name = fact.partition(".")
    length = name.endswith(".length")
    name = name.removesuffix(".length")
    entry: Any = catalogue.facts.get(fact) or catalogue.states.get(fact)
    if entry is None and kind in ("metric", "peers", "target"):
        entry = catalogue.metrics.get(name)
    if entry is None and kind == "event":
        entry = next(filter(None, (one.field(name) for one in catalogue.event_types.values())), None)
    if entry is None:
        return fact
    text: Text | str = entry.title or fact
    if length:
        text = phrase("{fact}, its length", fact=text)
    if kind == "peers":
        text = phrase("{fact} (mean of peers)", fact=text)
    if kind == "target":
        text = phrase("{fact} (target)", fact=text)
    return wording(text, language) or fact


def _aftermath(view: NudgeView, directory: Directory) -> Text | str:
    """What became of it, in brackets; '' where there is nothing to add."""
    found = _became(view, directory)
    return phrase(" ({what})", what=found) if found else ""


def _became(view: NudgeView, directory: Directory) -> Text | str:
    if view.withdrawn_because:
        return view.withdrawn_because
    parked = next((d.error for d in view.deliveries if d.status == MessageStatus.PARKED and d.error), "")
    sent = [d for d in view.deliveries if d.sent_at]
    held = _held_delivery(view)
    let_go = next((d.dropped_because for d in view.deliveries if d.dropped_because), None)
    if held:
        return _held_words(held, directory)
    if let_go:
        return phrase("let go: {because}", because=dropped_title(let_go))
    if parked:
        return parked
    if sent:
        first = min(d.sent_at for d in sent if d.sent_at).astimezone(UTC)
        channels = ", ".join(sorted({d.channel for d in sent}))
        return phrase("{channels}, {first} UTC", channels=channels, first=f"{first:%Y-%m-%d %H:%M}")
    return ""
