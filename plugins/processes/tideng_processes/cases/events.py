"""The events of a case: that a step was entered, done or is over time, and those that an outcome emits besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tideng.base.text import phrase
from tideng.model.calendars import local_moment
from tideng.model.catalogue import Catalogue, EventType, Field
from tideng.model.event import Event
from tideng_processes.document.model import Definition, Emit, Outcome

SOURCE = "tideng/processes"
HOUR = timedelta(hours=1)
ENTERED, DONE, NEAR, OVERDUE = "node.entered", "node.done", "node.near", "node.overdue"
STUCK = "node.stuck"
"""The moment of ``node.overdue``, about whoever has the step: so that a rule reaches those who can help them."""
Papers = Mapping[int, Mapping[str, str]]
"""What events say of files: id → ``kind`` and, where one was read, ``number``."""


@dataclass(frozen=True, slots=True)
class Besides:
    """What comes with a form beside its data: its files, and a few words."""

    papers: Papers = field(default_factory=dict)
    note: str = ""


_FIELDS = (
    Field("process", "text", phrase("Process"), required=True),
    Field("case", "text", phrase("Case", context="events"), required=True, key=True),
    Field("node", "text", phrase("Step"), required=True),
    Field("owner", "text", phrase("Owner")),
    Field("due", "time", phrase("Due")),
    Field("title", "text", phrase("What the step is called, in Chinese")),
    Field("title_en", "text", phrase("What the step is called, in English")),
    Field("visit", "integer", phrase("Which visit")),
    Field("step", "text", phrase("Which visit of which step"), key=True),
    Field("customer", "text", phrase("Customer"), key=True),
)
_OUTCOME = Field("outcome", "text", phrase("Outcome"))
_LEFT = Field("left", "integer", phrase("Hours that are left"), unit="hours")
EVENTS = (
    EventType(ENTERED, phrase("Step entered"), _FIELDS),
    EventType(DONE, phrase("Step done"), (*_FIELDS, _OUTCOME)),
    EventType(NEAR, phrase("Step’s deadline near"), (*_FIELDS, _LEFT)),
    EventType(OVERDUE, phrase("Step over time"), _FIELDS),
    EventType(STUCK, phrase("Has a step over time"), _FIELDS),
)


def node_event(
    kind: str,
    definition: Definition,
    case: str,
    person: str,
    node: str,
    visit: int,
    at: datetime,
    owner: str = "",
    due: datetime | None = None,
    part: str = "",
    outcome: str = "",
    customer: str = "",
) -> Event:
    """One of the events of a step, for one owner's part of it. `person` is whom the case is about; ``node.stuck`` is about the
    owner."""
    step = f"{case}/{visit}/{part or '-'}"
    title = definition.nodes[node].title
    data = {
        "process": definition.id,
        "case": case,
        "node": node,
        "owner": owner,
        "due": due.isoformat() if due else "",
        "title": title.get("zh", ""),
        "title_en": title.get("en", ""),
        "visit": visit,
        "step": step,
        "outcome": outcome,
        "customer": customer,
        "left": max(1, round((due - at) / HOUR)) if due and kind == NEAR else "",
    }
    said = {name: value for name, value in data.items() if value != ""}
    return Event(f"{step}/{kind}", SOURCE, kind, at, owner if kind == STUCK else person, said)


def emitted(
    outcome: Outcome,
    definition: Definition,
    catalogue: Catalogue,
    case: str,
    name: str,
    person: str,
    visit: int,
    data: Mapping[str, Any],
    at: datetime,
    zone: ZoneInfo,
    besides: Besides,
) -> list[Event]:
    """The events that an outcome emits besides; `data` is everything the case knows, `name` what events call it. `zone`: of
    whom the case is about."""
    found = []
    for number, emit in enumerate(outcome.emit):
        kind = catalogue.event_types.get(emit.type)
        if kind is not None:  # the plugin that declared it may be switched off
            content = _content(emit, kind, definition, name, data, besides)
            subject = str(content.pop("subject", "")) or person
            moment = _own_time(emit.data.get("time"), data, zone, at)
            found.append(Event(f"{case}/{visit}/{outcome.id}/{number}", SOURCE, emit.type, moment, subject, content))
    return found


def _own_time(said: Any, data: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> datetime:
    """When it happened, where the form says so (``{on: DATE_FIELD, at: TIME_FIELD}``); never ahead of `at`."""
    day = data.get(str(said.get("on"))) if isinstance(said, Mapping) else None
    if not day:
        return at
    clock = data.get(str(said.get("at")))
    return min(at, local_moment(date.fromisoformat(day), time.fromisoformat(clock) if clock else time(), zone))


def _content(
    emit: Emit, kind: EventType, definition: Definition, case_name: str, data: Mapping[str, Any], besides: Besides
) -> dict[str, Any]:
    content = {one.name: data[one.name] for one in kind.fields if one.name in data and one.name in definition.fields}
    content = {name: value for name, value in content.items() if definition.fields[name].type != "files"}
    if kind.field(definition.key):
        content[definition.key] = case_name
    for name, said in emit.data.items():
        value = _said(said, data, besides) if name != "time" else None
        if value is not None:
            content[name] = value
    return content


def heard(definition: Definition, outcome: Outcome, event: Event) -> dict[str, Any]:
    """What an event from elsewhere says in the words of the form: the other way round of what the outcome emits itself."""
    renamed = {
        name: said["field"]
        for emit in outcome.emit
        if emit.type == event.type
        for name, said in emit.data.items()
        if isinstance(said, Mapping) and "field" in said
    }
    known = {renamed.get(name, name): value for name, value in event.data.items()}
    return {name: value for name, value in known.items() if name in definition.fields}


def _said(said: Any, data: Mapping[str, Any], besides: Besides) -> Any:
    """A literal, or what the form says: ``{field: NAME}``, ``{count: NAME}``, ``{person: NAME}``, ``{papers: [NAME]}``; or the few
    words that came with it, ``{note: true}``."""
    if not isinstance(said, Mapping):
        return said
    if "papers" in said:
        papers = besides.papers
        return [papers[id] for name in said["papers"] for id in data.get(name) or () if id in papers]
    if "note" in said:
        return besides.note or None
    if "count" in said:
        return len(data.get(said["count"]) or ())
    name = said.get("field") or said.get("person")
    return data.get(str(name))
