"""The events of a case: a step was entered, done, is near its deadline or over it; and the events that an outcome emits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tideng.plugin import Catalogue, Event, EventType, Field, local_moment, phrase
from tideng_processes.cases.run import Run, Task
from tideng_processes.document.model import Definition, Emit, Outcome

SOURCE = "tideng/processes"
HOUR = timedelta(hours=1)
ENTERED, DONE, NEAR, OVERDUE = "node.entered", "node.done", "node.near", "node.overdue"
STUCK = "node.stuck"
"""Sent together with ``node.overdue``, about the owner of the step, so that a rule can reach those who can help them."""
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


def node_event(kind: str, run: Run, task: Task, at: datetime, outcome: str = "") -> Event:
    """One of the events of a step, for one owner's part of it. The subject is the person of the case; of ``node.stuck`` it is
    the owner."""
    step = f"{run.id}/{task.visit}/{task.part or '-'}"
    title = run.definition.nodes[task.node].title
    data = {
        "process": run.definition.id,
        "case": run.id,
        "node": task.node,
        "owner": task.owner,
        "due": task.due.isoformat() if task.due else "",
        "title": title.get("zh", ""),
        "title_en": title.get("en", ""),
        "visit": task.visit,
        "step": step,
        "outcome": outcome,
        "customer": str(run.data.get(run.definition.customer) or ""),
        "left": max(1, round((task.due - at) / HOUR)) if task.due and kind == NEAR else "",
    }
    given = {name: value for name, value in data.items() if value != ""}
    return Event(f"{step}/{kind}", SOURCE, kind, at, task.owner if kind == STUCK else run.person, given)


def emitted(
    outcome: Outcome, run: Run, catalogue: Catalogue, at: datetime, zone: ZoneInfo, note: str = ""
) -> list[Event]:
    """The events that an outcome emits beside ``node.done``. `zone`: of the person of the case; `note`: the words that came
    with the answer."""
    found = []
    for number, emit in enumerate(outcome.emit):
        kind = catalogue.event_types.get(emit.type)
        if kind is not None:  # the plugin that declared it may be switched off
            content = _content(emit, kind, run, note)
            subject = str(content.pop("subject", "")) or run.person
            moment = _own_time(emit.data.get("time"), run.data, zone, at)
            id = f"{run.id}/{run.visits}/{outcome.id}/{number}"
            found.append(Event(id, SOURCE, emit.type, moment, subject, content))
    return found


def _own_time(said: Any, data: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> datetime:
    """When the event happened, where the form says so (``{on: DATE_FIELD, at: TIME_FIELD}``); never later than `at`."""
    day = data.get(str(said.get("on"))) if isinstance(said, Mapping) else None
    if not day:
        return at
    clock = data.get(str(said.get("at")))
    return min(at, local_moment(date.fromisoformat(day), time.fromisoformat(clock) if clock else time(), zone))


def _content(emit: Emit, kind: EventType, run: Run, note: str) -> dict[str, Any]:
    """The payload: form fields named like fields of the type (never files), the case under the process's key, and what the
    emit says itself, which wins."""
    definition, data = run.definition, run.data
    content = {one.name: data[one.name] for one in kind.fields if one.name in data and one.name in definition.fields}
    content = {name: value for name, value in content.items() if definition.fields[name].type != "files"}
    if kind.field(definition.key):
        content[definition.key] = run.name
    for name, said in emit.data.items():
        value = _value(said, run, note) if name != "time" else None
        if value is not None:
            content[name] = value
    return content


def heard(definition: Definition, outcome: Outcome, event: Event) -> dict[str, Any]:
    """The data of an event from another system under the names of the form's fields: the inverse of what the outcome emits."""
    renamed = {
        name: said["field"]
        for emit in outcome.emit
        if emit.type == event.type
        for name, said in emit.data.items()
        if isinstance(said, Mapping) and "field" in said
    }
    known = {renamed.get(name, name): value for name, value in event.data.items()}
    return {name: value for name, value in known.items() if name in definition.fields}


def _value(said: Any, run: Run, note: str) -> Any:
    """A literal, or what the form says: ``{field: NAME}``, ``{count: NAME}``, ``{person: NAME}``, ``{papers: [NAME]}``, or the
    words that came with it, ``{note: true}``."""
    if not isinstance(said, Mapping):
        return said
    data = run.data
    if "papers" in said:
        papers = run.papers
        return [papers[id] for name in said["papers"] for id in data.get(name) or () if id in papers]
    if "note" in said:
        return note or None
    if "count" in said:
        return len(data.get(said["count"]) or ())
    name = said.get("field") or said.get("person")
    return data.get(str(name))
