"""The catalogue of declared names: event types, fields, facts, states, metrics, actions, marks, channels.

Plugins declare them; the rule check, the studio's pick lists, the API schema and the docs read them.
The set of effects is closed: inform, ask, record, support. Nothing here reaches pay, leave or bonus.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tideng.base.errors import PluginRefused
from tideng.base.text import phrase, same
from tideng.model.money import MONEY, Money

Text = Mapping[str, str]
"""A text in several languages: locale → wording. ``zh`` and ``en`` are always there."""

EFFECTS = ("inform", "ask", "record", "support")
FIELD_TYPES = ("text", "number", "integer", "boolean", "date", "time", "list", "object")
FORBIDDEN = ("fine", "deduct", "penal", "salary", "payroll", "wage", "bonus", "罚", "扣", "工资", "奖金")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data. `key`: it identifies something, such as a case, so that events can be matched on it.
    `currency`: the field is an amount of money, and names the field that holds its currency (ISO 4217)."""

    name: str
    type: str
    title: Text
    unit: str = ""
    required: bool = False
    key: bool = False
    sensitive: bool = False
    minimum: float | None = None
    maximum: float | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event. `open`: further fields are accepted unchecked (event logs, partners' extras)."""

    name: str
    title: Text
    fields: tuple[Field, ...] = ()
    plugin: str = "core"
    open: bool = False
    amounts: tuple[tuple[str, str], ...] = field(init=False, compare=False, repr=False, default=())
    """The fields that hold money, each with the field that names its currency."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", tuple((f.name, f.currency) for f in self.fields if f.currency))

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about the subject that is no event field and no metric, e.g. ``person.position``."""

    name: str
    type: str
    title: Text
    unit: str = ""
    plugin: str = "core"


@dataclass(frozen=True, slots=True)
class State:
    """A boolean fact that holds from one event type up to another, e.g. ``person.on_leave``.

    `key` is the data field that tells one span from another (``leave``); `absent`: who is in this state
    is not working, so that nothing is asked of them (leave).
    """

    name: str
    title: Text
    starts: str
    ends: str
    key: str = ""
    absent: bool = False
    plugin: str = "core"


@dataclass(frozen=True, slots=True)
class StateWindow:
    """A window of metrics that begins on the local day on which a state began to hold, e.g. ``this project``.

    `name` as rules write it, `title` as people read it, `state` the state's name. While the state does not hold, a metric
    over the window has no data.
    """

    name: str
    title: Text
    state: str
    plugin: str = "core"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A standard metric: `function` over `field` of `event_type` in `window` (rule-language: Metrics).

    Two kinds are derived, by `share_of_target` and `days_in_state`: `of` is the metric whose share
    of the position's target it is, `state` the state whose days it counts. Where `window` is a `StateWindow`, `since_state`
    is its state.
    """

    name: str
    title: Text
    function: str
    event_type: str
    window: str
    field: str = ""
    unit: str = ""
    plugin: str = "core"
    of: MetricSpec | None = None
    state: State | None = None
    since_state: str = ""

    @classmethod
    def share_of_target(cls, name: str, title: Text, of: MetricSpec) -> MetricSpec:
        """`of` divided by the target that the person's position sets for it; without a target, or with one of 0, no data."""
        return cls(name, title, "share", of.event_type, of.window, of.field, "share", of=of)

    @classmethod
    def days_in_state(cls, name: str, title: Text, state: State, window: str) -> MetricSpec:
        """The local days of `window` on which the person was in `state`, if only for a moment, up to the moment of judging."""
        return cls(name, title, "days", state.starts, window, unit="days", state=state)


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """Something a rule may do. `effect` is one of EFFECTS."""

    name: str
    effect: str
    title: Text
    plugin: str = "core"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a rule may write down of its subject: `name` as rules write it (``mark: incomplete``), `title` as people read it."""

    name: str
    title: Text
    plugin: str = "core"


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A way to reach people, by the name that rules use. The hook `channel` gives the channel itself."""

    name: str
    title: Text
    plugin: str = "core"


CORE_ACTIONS = (
    ActionSpec("nudge", "inform", phrase("Nudge")),
    ActionSpec("ask", "ask", phrase("Ask", context="catalogue")),
    ActionSpec("mark", "record", phrase("Mark")),
    ActionSpec("infer", "record", phrase("Infer")),
    ActionSpec("emit", "record", phrase("Emit")),
    ActionSpec("improve", "support", phrase("Improvement item")),
    ActionSpec("plan", "support", phrase("Plan")),
)
_NUDGE = Field("nudge", "text", phrase("Nudge"), required=True, key=True)
_NOTE = Field("note", "text", phrase("Note", context="catalogue"), sensitive=True)
_UNTIL = Field("until", "time", phrase("Until", context="catalogue"), required=True)
_ANSWER = Field("answer", "text", phrase("Answer", context="catalogue"), required=True)
_CHANNEL = Field("channel", "text", phrase("Channel"), required=True)
_LEFT_NOTE = Field("note", "text", phrase("Note", context="catalogue 2"), required=True, key=True)
_AUTHOR = Field("author", "text", phrase("Who left it"), required=True)
_SPOKEN = Field("spoken", "boolean", phrase("Spoken"), required=True)
_ABOUT = Field("nudge", "text", phrase("About which nudge"))
CORE_EVENTS = (
    EventType("nudge.acknowledged", phrase("Nudge acknowledged"), (_NUDGE, _NOTE)),
    EventType("nudge.disputed", phrase("Nudge disputed"), (_NUDGE, _NOTE)),
    EventType("nudge.snoozed", phrase("Nudge put off"), (_NUDGE, _UNTIL)),
    EventType("nudge.reopened", phrase("Answer taken back"), (_NUDGE, _ANSWER)),
    EventType("nudge.delivered", phrase("Nudge delivered"), (_NUDGE, _CHANNEL)),
    EventType("note.left", phrase("Note left"), (_LEFT_NOTE, _AUTHOR, _SPOKEN, _ABOUT)),
    EventType("note.answered", phrase("Note answered"), (_LEFT_NOTE, _AUTHOR)),
)
"""What people answer, and that they were told; that a note was left, never what is in it. When they opened it is nobody's
business, and so no event."""
CORE_MARKS = (
    Mark("incomplete", phrase("Not done")),
    Mark("overdue", phrase("Still open")),
    Mark("to_improve", phrase("To improve")),
)
CORE_CHANNELS = (ChannelSpec("portal", phrase("The inbox in the portal")),)


@dataclass
class Catalogue:
    """The names known to one deployment. Filled while plugins load, read-only after."""

    event_types: dict[str, EventType] = field(default_factory=lambda: {e.name: e for e in CORE_EVENTS})
    facts: dict[str, Fact] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    windows: dict[str, StateWindow] = field(default_factory=dict)
    metrics: dict[str, MetricSpec] = field(default_factory=dict)
    actions: dict[str, ActionSpec] = field(default_factory=lambda: {a.name: a for a in CORE_ACTIONS})
    marks: dict[str, Mark] = field(default_factory=lambda: {m.name: m for m in CORE_MARKS})
    channels: dict[str, ChannelSpec] = field(default_factory=lambda: {c.name: c for c in CORE_CHANNELS})
    plugins: dict[str, Text] = field(default_factory=lambda: {"core": phrase("Common")})
    """Plugin → its title; it stays when the plugin is switched off."""
    money: Money = field(default_factory=Money, repr=False, compare=False)
    """The client's currency and its exchange rates."""
    readers: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A cache of the intake: event type → its compiled reader. It is kept here to live as long as the catalogue."""

    def add(self, items: Iterable[object], plugin: str) -> None:
        """Add what a plugin declares; raises `PluginRefused` for a clash or a penalty, having added nothing."""
        declared: list[Any] = [replace(item, plugin=plugin) for item in items]  # type: ignore[type-var]
        for item in declared:
            shelf = self._shelf(item)
            if item.name in shelf and shelf[item.name].plugin != plugin:
                raise PluginRefused(
                    "declared-already", {"name": plugin, "item": item.name, "other": shelf[item.name].plugin}
                )
            if isinstance(item, ActionSpec | Mark):
                self._refuse_penalty(item)
        for item in declared:
            self._shelf(item)[item.name] = item

    def remove(self, plugin: str) -> None:
        """Remove everything that a plugin declared, because it failed or was switched off."""
        declared = (self.event_types, self.facts, self.states, self.windows, self.metrics)
        for shelf in (*declared, self.actions, self.marks, self.channels):
            for name in [n for n, item in shelf.items() if item.plugin == plugin]:
                del shelf[name]

    def suggest(self, name: str, among: Iterable[str]) -> str:
        """The nearest known name, or '' when nothing is near."""
        return next(iter(difflib.get_close_matches(name, list(among), n=1, cutoff=0.6)), "")

    def title_of(self, plugin: str) -> Text:
        """The title of a plugin; its name if it declares none."""
        return self.plugins.get(plugin) or same(plugin)

    def shown_unit(self, unit: str) -> str:
        """The unit as shown to people: for money, the client's currency."""
        return self.money.currency if unit == MONEY else unit

    def keys_of(self, event_type: str) -> tuple[str, ...]:
        """The identifying fields of a type; those on which an absence may be matched."""
        found = self.event_types.get(event_type)
        return tuple(f.name for f in found.fields if f.key) if found else ()

    def _shelf(self, item: object) -> dict:
        for kind, shelf in (
            (EventType, self.event_types),
            (Fact, self.facts),
            (State, self.states),
            (StateWindow, self.windows),
            (MetricSpec, self.metrics),
            (ActionSpec, self.actions),
            (Mark, self.marks),
            (ChannelSpec, self.channels),
        ):
            if isinstance(item, kind):
                return shelf
        raise PluginRefused("not-a-declaration", {"item": item})

    @staticmethod
    def _refuse_penalty(item: ActionSpec | Mark) -> None:
        words = " ".join((item.name, *item.title.values())).lower()
        if isinstance(item, ActionSpec) and item.effect not in EFFECTS:
            raise PluginRefused(
                "action-without-effect",
                {"plugin": item.plugin, "action": item.name, "effect": item.effect, "names": EFFECTS},
            )
        if any(word in words for word in FORBIDDEN):
            if isinstance(item, Mark):
                raise PluginRefused("mark-punishes", {"plugin": item.plugin, "mark": item.name})
            raise PluginRefused("action-punishes", {"plugin": item.plugin, "action": item.name})
