"""``nudges``: what was found and said; and one finding told line by line, for whoever explains it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

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
    "nudge": ("nudge", "提醒"),
    "ask": ("ask", "请补充"),
    "mark": ("mark", "标记"),
    "infer": ("infer", "推断"),
    "emit": ("emit", "发出事件"),
    "improve": ("improvement item", "改进项"),
    "plan": ("plan", "改进计划"),
}
OPERATORS = {
    "is": ("is", "是"),
    "is_not": ("is not", "不是"),
    "lt": ("is below", "小于"),
    "lte": ("is at most", "不超过"),
    "gt": ("is above", "大于"),
    "gte": ("is at least", "不少于"),
    "between": ("is between", "介于"),
    "in": ("is one of", "属于"),
    "not_in": ("is none of", "不属于"),
    "contains": ("contains", "包含"),
    "not_contains": ("does not contain", "不包含"),
    "starts_with": ("starts with", "开头是"),
    "matches": ("matches", "匹配"),
    "exists": ("is known", "有数据"),
}


@command(
    "nudges",
    en="Show what was found and said, newest first.",
    zh="查看发现与提醒，最新的在前。",
)
@option(
    "--person", metavar="ID", en="Only what is about this person, or was said to them.", zh="只看关于此人或发给此人的。"
)
@option("--since", metavar="T", en="Only from this moment or day on.", zh="只看此时刻或日期之后的。")
@option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=50, en="At most so many (50).", zh="最多多少条（50）。"
)
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
        terminal.say("Nothing was found or said.", "没有发现，也没有提醒。")
        return FINE
    headings = (("id", "编号"), ("at", "时间"), ("about", "关于"), ("to", "发给"), ("rule", "规则"))
    terminal.table((*headings, ("action", "动作"), ("state", "状态"), ("words", "内容")), rows)
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
        terminal.text(*ACTIONS.get(view.action, (view.action,) * 2)),
        _status_words(view.status, terminal.language == "zh"),
    )
    held = _held_delivery(view)
    if held:
        status += terminal.text(": ", "：") + terminal.text(*_held_words(held, directory))
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


def _status_words(status: NudgeStatus, zh: bool) -> str:
    """A status within a line; its English title begins in lower case there."""
    title = NUDGE_TITLES[status]
    return title["zh"] if zh else title["en"][:1].lower() + title["en"][1:]


def _held_words(held: Delivery, directory: Directory) -> tuple[str, str]:
    """Why a message is held and until when, where its reader lives; in English and Chinese."""
    title = held_title(held.held_because)
    en, zh = title["en"], title["zh"]
    if held.status == MessageStatus.HELD and not held.is_snoozed:
        return f"{en}, until HR decides", f"{zh}，等 HR 决定"
    due = held.due.astimezone(directory.zone_of(held.recipient, held.due))
    return f"{en}, until {due:%Y-%m-%d %H:%M}", f"{zh}，{due:%Y-%m-%d %H:%M} 再发"


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

    zh = language == "zh"
    at = view.at.astimezone(directory.zone_of(view.subject, view.at))
    named = choose(title, language)[0] or view.rule
    yield f"{named}（{view.rule}，第 {view.version} 版）" if zh else f"{named} ({view.rule}, version {view.version})"
    action = ACTIONS.get(view.action, (view.action,) * 2)[zh]
    to = (f"，发给{view.recipient_name}" if zh else f", to {view.recipient_name}") if view.recipient else ""
    about = f"关于{view.subject_name}" if zh else f"about {view.subject_name}"
    yield f"{at:%Y-%m-%d %H:%M:%S %Z} {about}{'：' if zh else ': '}{action}{to}"
    if view.meant_for and view.meant_for != view.recipient:
        yield f"原本要发给{view.meant_for_name}" if zh else f"It was meant for {view.meant_for_name}."
    if view.message:
        yield f"“{view.message}”"
    yield "为什么：" if zh else "Why:"
    for reason in view.why:
        if tree is None or reason["op"] not in OPERATORS:
            yield "  " + _reason(reason, catalogue, language, spoken)
    yield from (f"  {line}" for line in tree or ())
    if not view.why:
        yield "  规则没有条件" if zh else "  the rule has no conditions"
    yield ("现在：" if zh else "Now: ") + _status_words(view.status, zh) + _aftermath(view, directory, zh)


def _reason(reason: Mapping[str, Any], catalogue: Catalogue, language: str, spoken: Any) -> str:
    zh = language == "zh"
    if reason["op"] in ("without", "wait", "not_all"):
        return _waited(reason, catalogue, zh)
    name = title_of(reason["fact"], catalogue, language)
    missing = "没有数据" if zh else "no data"
    value = spoken(reason["value"], language, missing)
    op = OPERATORS.get(reason["op"], (reason["op"],) * 2)[zh]
    operand = "" if reason["op"] == "exists" else spoken(reason["operand"], language, missing)
    held = ("成立" if reason["holds"] else "不成立") if zh else ("holds" if reason["holds"] else "does not hold")
    if zh:
        return f"{name}：{value}（{op}{' ' if op[-1:].isascii() else ''}{operand}：{held}）"
    return f"{name}: {value} ({op} {operand}: {held})".replace(" :", ":")


def _waited(reason: Mapping[str, Any], catalogue: Catalogue, zh: bool) -> str:
    """What happened when, and what followed or did not follow in time."""
    from tideng.model.templates import choose

    def title(name: str) -> str:
        known = catalogue.event_types.get(name)
        return (choose(known.title, "zh" if zh else "en")[0] if known else "") or name

    def titles(names: Iterable[str]) -> str:
        return ("”、“" if zh else "”, “").join(map(title, names))

    since = datetime.fromisoformat(reason["value"])
    if reason["op"] == "wait":
        if zh:
            return f"{since.month}月{since.day}日 {since:%H:%M} 起来了 {reason['operand']} 次“{title(reason['fact'])}”"
        return f"“{title(reason['fact'])}” came, from {since:%Y-%m-%d at %H:%M} on, times {reason['operand']}"
    if reason["op"] == "not_all":
        came, missing = titles(reason["operand"]["came"]), titles(reason["operand"]["missing"])
        if zh:
            return f"{since.month}月{since.day}日 {since:%H:%M} 起来了“{came}”，到期没有等到“{missing}”"
        return f"“{came}” came from {since:%Y-%m-%d at %H:%M} on, and no “{missing}” in time"
    if zh:
        others = "”或“".join(map(title, reason["operand"]))
        return f"{since.month}月{since.day}日 {since:%H:%M} 有了“{title(reason['fact'])}”，到期没有等到“{others}”"
    others = "” or “".join(map(title, reason["operand"]))
    return f"“{title(reason['fact'])}” came on {since:%Y-%m-%d at %H:%M}, and no “{others}” followed in time"


def title_of(fact: str, catalogue: Catalogue, language: str) -> str:
    """A fact's name as people know it; its own where nobody gave it a title."""
    from tideng.model.templates import choose
    from tideng.outbox.storm_control import PEOPLE

    if fact == PEOPLE:
        return "一天里要告诉的人数" if language == "zh" else "people to tell in one day"
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
    text = choose(entry.title, language)[0] or fact
    zh = language == "zh"
    if length:
        text += "的长度" if zh else ", its length"
    if kind == "peers":
        text += "（同岗位平均）" if zh else " (mean of peers)"
    if kind == "target":
        text += "（目标）" if zh else " (target)"
    return text


def _aftermath(view: NudgeView, directory: Directory, zh: bool) -> str:
    if view.withdrawn_because:
        return f"（{view.withdrawn_because}）" if zh else f" ({view.withdrawn_because})"
    parked = next((d.error for d in view.deliveries if d.status == MessageStatus.PARKED and d.error), "")
    sent = [d for d in view.deliveries if d.sent_at]
    held = _held_delivery(view)
    let_go = next((d.dropped_because for d in view.deliveries if d.dropped_because), None)
    if held:
        said = _held_words(held, directory)[zh]
        return f"（{said}）" if zh else f" ({said})"
    if let_go:
        why = dropped_title(let_go)
        return f"（不发了：{why['zh']}）" if zh else f" (let go: {why['en']})"
    if parked:
        return f"（{parked}）" if zh else f" ({parked})"
    if sent:
        first = min(d.sent_at for d in sent if d.sent_at).astimezone(UTC)
        channels = ", ".join(sorted({d.channel for d in sent}))
        return f"（{channels}，{first:%Y-%m-%d %H:%M} UTC）" if zh else f" ({channels}, {first:%Y-%m-%d %H:%M} UTC)"
    return ""
