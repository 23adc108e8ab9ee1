"""Parse actions: each item of `then` becomes a `Deed` with one of the four effects. The set is closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tideng.base.durations import Duration
from tideng.base.errors import Refused
from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.model.catalogue import CORE_ACTIONS, ActionSpec, Catalogue
from tideng.model.judge_contract import Deed
from tideng.model.templates import PLACEHOLDER
from tideng_rules.document.problems import (
    Collector,
    join,
    shown,
)

RECIPIENTS = ("person", "supervisor", "owner", "hr")
HELPED = ("person", "owner", "process")
SEVERITIES = ("must", "should")
STEPS = ("course", "mentor", "practice", "change_process", "review")
STATUS = re.compile(r"[a-z][a-z0-9_-]{0,59}", re.ASCII)
FOUND = re.compile(r"found\.[a-z][a-z0-9_]{0,59}", re.ASCII)
FIELD = re.compile(r"[A-Za-z_][\w-]{0,59}", re.ASCII)
EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")

Reader = Callable[[Mapping[str, Any], str, Collector], Deed]


def parse_deeds(value: Any, at: str, notes: Collector, catalogue: Catalogue | None = None) -> tuple[Deed, ...]:
    """Read a list of actions, or one alone."""
    actions = catalogue.actions if catalogue else {action.name: action for action in CORE_ACTIONS}
    if isinstance(value, Mapping):
        return tuple(filter(None, [_deed(value, at, notes, actions)]))
    items = notes.items(value, at, "actions")
    if isinstance(value, list | tuple) and not items:
        notes.note(at, "nothing-to-do")
    return tuple(filter(None, (_deed(item, join(at, n), notes, actions) for n, item in enumerate(items))))


def describe(deed: Deed) -> str:
    """A deed as examples name it: ``nudge person``, ``ask needs``, ``mark incomplete``, ``infer found.x``."""
    main = {"ask": "field", "mark": "status", "infer": "found", "emit": "type"}.get(deed.action)
    what = deed.data.get(main, "") if main else deed.to or deed.data.get("value", "")
    return f"{deed.action} {what}".strip()


def _deed(value: Any, at: str, notes: Collector, actions: Mapping[str, ActionSpec]) -> Deed | None:
    if not isinstance(value, Mapping):
        notes.mapping(value, at, None)
        return None
    named = [key for key in value if key in actions]
    if len(named) != 1:
        if named:
            notes.note(at, "too-many-actions", {"names": named})
        else:
            near = next(filter(None, (nearest(key, actions) for key in value)), None)
            way_out = near or Sentence("one-of", {"names": actions})
            notes.note(at, "no-known-action", {"names": map(str, value), "way_out": way_out})
        return None
    read = _READERS.get(named[0], _of_a_plugin(actions[named[0]]))
    return read(value, at, notes)


def _recipient(value: Any, at: str, notes: Collector, among: Iterable[str] = RECIPIENTS) -> str:
    if among is RECIPIENTS and isinstance(value, str) and value.startswith("role:") and STATUS.fullmatch(value[5:]):
        return value
    return notes.choice(value, at, among) or "person"


def _matching(value: Any, shape: re.Pattern[str], at: str, notes: Collector, example: Sentence) -> str:
    """The text where it has the `shape`; `example` is the way out for one that has not."""
    if isinstance(value, str) and shape.fullmatch(value):
        return value
    notes.note(at, "not-possible-here", {"value": shown(value), "way_out": example})
    return ""


def _nudge(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    notes.mapping(value, at, ("nudge", "message", "channel"), ("message",))
    message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
    data = {"channel": notes.words(value["channel"], join(at, "channel"))} if "channel" in value else {}
    return Deed("nudge", "inform", _recipient(value["nudge"], join(at, "nudge"), notes), message, data)


def _ask(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    notes.mapping(value, at, ("ask", "severity", "message"), ("message",))
    message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
    field = _matching(value["ask"], FIELD, join(at, "ask"), notes, Sentence("field-of-form-example"))
    severity = notes.choice(value.get("severity", "should"), join(at, "severity"), SEVERITIES)
    return Deed("ask", "ask", "person", message, {"field": field, "severity": severity})


def _mark(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    notes.mapping(value, at, ("mark", "message"))
    message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
    status = _matching(value["mark"], STATUS, join(at, "mark"), notes, Sentence("status-example"))
    return Deed("mark", "record", "", message, {"status": status})


def _infer(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    notes.mapping(value, at, ("infer", "because"), ("because",))
    found = _matching(value["infer"], FOUND, join(at, "infer"), notes, Sentence("inference-example"))
    because = notes.text(value["because"], join(at, "because")) if "because" in value else {}
    return Deed("infer", "record", "", {}, {"found": found, "because": because})


def _emit(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    """`data` holds literals, and ``"{dotted.fact}"`` for what is known when the rule speaks."""
    notes.mapping(value, at, ("emit", "data"))
    event_type = _matching(value["emit"], EVENT_TYPE, join(at, "emit"), notes, Sentence("event-type-example"))
    data: dict[str, Any] = {"type": event_type}
    if "data" in value:
        where = join(at, "data")
        notes.mapping(value["data"], where, None)
        said = value["data"] if isinstance(value["data"], Mapping) else {}
        data["data"] = {str(name): _emitted(item, join(where, str(name)), notes) for name, item in said.items()}
    return Deed("emit", "record", "", {}, data)


def _emitted(value: Any, at: str, notes: Collector) -> Any:
    value = notes.literal(value, at)
    if isinstance(value, str) and ("{" in value or "}" in value) and not PLACEHOLDER.fullmatch(value):
        notes.note(at, "text-mixed-with-fact", {"value": shown(value)})
    return value


def _improve(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    notes.mapping(value, at, ("improve", "cause", "message"), ("cause",))
    to = _recipient(value["improve"], join(at, "improve"), notes, HELPED)
    message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
    cause = notes.text(value["cause"], join(at, "cause")) if "cause" in value else {}
    return Deed("improve", "support", to, message, {"cause": cause})


def _plan(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
    """``plan: [steps]`` is for the person; ``plan: owner`` with `steps` is for someone else."""
    alone = not isinstance(value["plan"], str)
    notes.mapping(
        value, at, ("plan", "message") if alone else ("plan", "steps", "message"), () if alone else ("steps",)
    )
    to = "person" if alone else _recipient(value["plan"], join(at, "plan"), notes, HELPED)
    message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
    where = join(at, "plan" if alone else "steps")
    steps = notes.items(value["plan"] if alone else value.get("steps", []), where, "steps")
    if not steps:
        notes.note(where, "plan-without-steps")
    return Deed(
        "plan", "support", to, message, {"steps": tuple(_step(s, join(where, n), notes) for n, s in enumerate(steps))}
    )


def _step(value: Any, at: str, notes: Collector) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or sum(key in STEPS for key in value) != 1:
        near = next(filter(None, (nearest(key, STEPS) for key in value)), None) if isinstance(value, Mapping) else None
        notes.note(at, "not-a-step", {"names": STEPS, "near": near})
        return {}
    kind = next(key for key in value if key in STEPS)
    if kind != "review":
        notes.mapping(value, at, (kind, "title", "after"))
        step: dict[str, Any] = {kind: notes.words(value[kind], join(at, kind))}
        if "title" in value:
            step["title"] = notes.text(value["title"], join(at, "title"))
    else:
        notes.mapping(value, at, ("review", "after"), ("after",))
        step = {"review": notes.words(value["review"], join(at, "review"), "metric-name")}
    if "after" in value:
        parse_duration(value["after"], join(at, "after"), notes)
        step["after"] = value["after"]
    return step


def _of_a_plugin(action: ActionSpec) -> Reader:
    def read(value: Mapping[str, Any], at: str, notes: Collector) -> Deed:
        message = notes.text(value["message"], join(at, "message")) if "message" in value else {}
        data = {key: item for key, item in value.items() if key not in (action.name, "message")}
        return Deed(action.name, action.effect, "", message, {"value": value[action.name], **data})

    return read


def parse_duration(value: Any, at: str, notes: Collector) -> Duration:
    try:
        return Duration.parse(value)
    except Refused as error:
        notes.note(at, error.problems[0].code, error.problems[0].params)
        return Duration(1, "days")


_READERS: Mapping[str, Reader] = {
    "nudge": _nudge,
    "ask": _ask,
    "mark": _mark,
    "infer": _infer,
    "emit": _emit,
    "improve": _improve,
    "plan": _plan,
}
