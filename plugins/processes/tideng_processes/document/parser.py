"""Parses the document of a process, and reports every problem of its shape at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import time
from typing import Any

from tideng.plugin import DEFAULT_LANGUAGE as DEFAULT
from tideng.plugin import SOURCE_LANGUAGE as SOURCE
from tideng.plugin import Duration, Problem, Refused, Sentence, Text, same
from tideng_processes.document.conditions import read_condition
from tideng_processes.document.model import (
    ACCEPTED,
    FIELD_TYPES,
    LONGEST_IDEA,
    MOST_IDEAS,
    MOST_RECENT,
    PAPER_KINDS,
    Condition,
    Deadline,
    Definition,
    Emit,
    End,
    FieldSpec,
    FormField,
    Node,
    Outcome,
    OwnerChoice,
    Part,
    Route,
    Start,
)

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OWNERS = ("person", "starter", "supervisor", "head", "hr")
_NAMED_OWNERS = ("role", "position", "field")
_TOP = ("id", "title", "about", "icon", "key", "summary", "customer", "start", "fields", "nodes", "ends")
_FIELD = ("type", "title", "help", "lines", "least", "most", "minimum", "maximum", "choices", "columns", "accept", "kind",
          "not_before", "currency", "process", "ideas", "recent", "sensitive")  # fmt: skip
_NODE = ("title", "help", "owner", "owners", "form", "deadline", "remind", "at_due", "outcomes")
_OUTCOME = ("title", "to", "form", "note", "alone", "good", "emit", "on")
_SIMPLE = ("text", "number", "integer", "date", "time", "choice", "boolean", "money")


class InvalidProcess(Refused):
    """The document of a process has problems."""


def parse_process(document: Any) -> Definition:
    """The process in a document (plain data). Raises `InvalidProcess` with every problem of its shape;
    `tideng_processes.document.check` checks whether its parts fit together."""
    parser = _ProcessParser()
    found = parser.definition(document)
    if parser.problems or found is None:
        name = document.get("id") if isinstance(document, Mapping) else None
        raise InvalidProcess(Sentence("process-called", {"name": name or "?"}), parser.problems)
    return found


class _ProcessParser:
    """Parses one document. Each method takes a value and its place, adds problems, and returns a valid value."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, at: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        self.problems.append(Problem(at, code, params or {}))

    def definition(self, said: Any) -> Definition | None:
        if not isinstance(said, Mapping):
            self.add("", "not-a-process")
            return None
        self._known(said, _TOP, "")
        id_ = self._name(said.get("id"), "id")
        nodes = self._each(said.get("nodes"), "nodes", self._node)
        ends = self._each(said.get("ends"), "ends", self._end)
        fields = self._each(said.get("fields") or {}, "fields", self._field)
        for what, found in (("nodes", nodes), ("ends", ends)):
            if not found:
                self.add(what, "no-node")
        return Definition(
            id=id_,
            title=self._text(said.get("title"), "title"),
            about=self._text(said.get("about"), "about", needed=False),
            icon=str(said.get("icon") or "flow"),
            key=self._name(said.get("key") or id_, "key"),
            summary=self._summary(said.get("summary"), nodes, fields),
            customer=str(said.get("customer") or ("customer" if "customer" in fields else "")),
            start=self._start(said.get("start") or {}),
            fields=fields,
            nodes=nodes,
            ends=ends,
            document=dict(said),
        )

    def _summary(self, said: Any, nodes: Mapping[str, Node], fields: Mapping[str, FieldSpec]) -> Text:
        """A template with fields, or the name of one field; by default the first text field of the first form."""
        if isinstance(said, Mapping):
            return self._text(said, "summary")
        name = str(said or _first_text(nodes, fields))
        return same(f"{{{name}}}") if name else {}

    # -- what a form asks for ------------------------------------------------------------------------------------
    def _field(self, name: str, said: Mapping[str, Any], at: str) -> FieldSpec:
        self._known(said, _FIELD, at)
        type_ = self._one_of(said.get("type"), FIELD_TYPES, f"{at}.type")
        columns = tuple(self._each(said.get("columns") or {}, f"{at}.columns", self._column).values())
        choices = self._each(said.get("choices") or {}, f"{at}.choices", lambda n, text, place: self._text(text, place), names=False)  # fmt: skip
        if (type_ == "choice") != bool(choices):
            self.add(f"{at}.choices", "choices-misplaced")
        if (type_ == "table") != bool(columns):
            self.add(f"{at}.columns", "columns-misplaced")
        if (type_ == "case") != bool(said.get("process")):
            self.add(f"{at}.process", "process-misplaced")
        return FieldSpec(
            name=name,
            type=type_,
            title=self._text(said.get("title"), f"{at}.title"),
            help=self._text(said.get("help"), f"{at}.help", needed=False),
            lines=self._whole(said.get("lines"), f"{at}.lines", 1),
            least=self._whole(said.get("least"), f"{at}.least", 0),
            most=self._whole(said.get("most"), f"{at}.most", 0),
            minimum=self._number(said.get("minimum"), f"{at}.minimum"),
            maximum=self._number(said.get("maximum"), f"{at}.maximum"),
            choices=choices,
            columns=columns,
            accept=tuple(self._some_of(said.get("accept"), ACCEPTED, f"{at}.accept")) or ACCEPTED,
            kind=self._one_of(said.get("kind") or "paper", PAPER_KINDS, f"{at}.kind"),
            not_before=str(said.get("not_before") or ""),
            currency=str(said.get("currency") or ""),
            process=str(said.get("process") or ""),
            ideas=self._ideas(said.get("ideas"), type_, f"{at}.ideas"),
            recent=self._recent(said.get("recent"), type_, f"{at}.recent"),
            sensitive=self._flag(said.get("sensitive"), f"{at}.sensitive", False),
        )

    def _ideas(self, said: Any, type_: str, at: str) -> tuple[Text, ...]:
        """Suggestions for a text, a few words each."""
        if said is not None and type_ != "text":
            self.add(at, "ideas-misplaced")
        if not isinstance(said, list):
            if said is not None:
                self.add(at, "not-a-text-list")
            return ()
        if len(said) > MOST_IDEAS:
            self.add(at, "limit-exceeded", {"limit": MOST_IDEAS})
        found = tuple(self._text(one, f"{at}[{number}]") for number, one in enumerate(said))
        for number, idea in enumerate(found):
            for language, longest in LONGEST_IDEA.items():
                if len(idea.get(language, "")) > longest:
                    self.add(f"{at}[{number}].{language}", "over-length", {"limit": longest})
                elif idea and idea[language] in [one.get(language) for one in found[:number]]:
                    self.add(f"{at}[{number}].{language}", "is-repeated")
        return found

    def _recent(self, said: Any, type_: str, at: str) -> int:
        days = self._whole(said, at, 0)
        if days and type_ != "date":
            self.add(at, "recent-days-misplaced")
        if days > MOST_RECENT:
            self.add(at, "limit-exceeded", {"limit": MOST_RECENT})
        return days

    def _column(self, name: str, said: Mapping[str, Any], at: str) -> FieldSpec:
        found = self._field(name.rstrip("?"), said, at)
        if found.ideas or found.recent:
            self.add(at, "column-too-rich")
        if found.type not in _SIMPLE:
            self.add(f"{at}.type", "column-not-simple", {"simple": _SIMPLE})
        return replace(found, required=not name.endswith("?"))

    # -- steps ---------------------------------------------------------------------------------------------------
    def _node(self, name: str, said: Mapping[str, Any], at: str) -> Node:
        self._known(said, _NODE, at)
        form = said.get("form") or []
        if not isinstance(form, list) or not all(isinstance(one, str) for one in form):
            self.add(f"{at}.form", "not-a-field-list")
            form = []
        outcomes = self._each(said.get("outcomes"), f"{at}.outcomes", self._outcome)
        if not outcomes:
            self.add(f"{at}.outcomes", "no-outcome")
        at_due = str(said.get("at_due") or "")
        deadline = self._deadline(said.get("deadline"), f"{at}.deadline")
        if at_due and (at_due not in outcomes or deadline is None):
            self.add(f"{at}.at_due", "not-a-deadline-outcome", {"outcomes": outcomes})
        return Node(
            id=name,
            title=self._text(said.get("title"), f"{at}.title"),
            help=self._text(said.get("help"), f"{at}.help", needed=False),
            parts=self._parts(said, at),
            form=tuple(FormField(one.rstrip("?"), not one.endswith("?")) for one in form),
            deadline=deadline,
            remind=self._duration(said.get("remind"), f"{at}.remind"),
            at_due=at_due,
            outcomes=tuple(outcomes.values()),
        )

    def _parts(self, said: Mapping[str, Any], at: str) -> tuple[Part, ...]:
        if ("owner" in said) == ("owners" in said):
            self.add(at, "owner-and-owners")
            return ()
        if "owner" in said:
            return (Part("", self._owners(said["owner"], f"{at}.owner")),)
        return tuple(self._each(said["owners"], f"{at}.owners", self._part).values())

    def _part(self, name: str, said: Mapping[str, Any], at: str) -> Part:
        self._known(said, ("owner", "title"), at)
        return Part(name, self._owners(said.get("owner"), f"{at}.owner"), self._text(said.get("title"), f"{at}.title"))

    def _owners(self, said: Any, at: str) -> tuple[OwnerChoice, ...]:
        if isinstance(said, str):
            return (self._owner(said, None, at),)
        if isinstance(said, list) and said and all(isinstance(one, Mapping) for one in said):
            found = []
            for number, one in enumerate(said):
                place = f"{at}[{number}]"
                self._known(one, ("if", "owner"), place)
                found.append(self._owner(one.get("owner"), self._when(one.get("if"), f"{place}.if"), place))
            if found[-1].when is not None:
                self.add(at, "last-owner-with-condition")
            return tuple(found)
        self.add(at, "not-an-owner", {"owners": _OWNERS})
        return ()

    def _owner(self, said: Any, when: Condition | None, at: str) -> OwnerChoice:
        kind, _, name = said.partition(":") if isinstance(said, str) else ("", "", "")
        if (kind in _OWNERS and not name) or (kind in _NAMED_OWNERS and name):
            return OwnerChoice(kind, name, when)
        self.add(at, "not-an-owner", {"owners": _OWNERS})
        return OwnerChoice("hr", "", when)

    def _outcome(self, name: str, said: Mapping[str, Any], at: str) -> Outcome:
        self._known(said, _OUTCOME, at)
        emit = said.get("emit") or []
        return Outcome(
            id=name,
            title=self._text(said.get("title"), f"{at}.title"),
            routes=self._routes(said.get("to"), f"{at}.to"),
            form=self._flag(said.get("form"), f"{at}.form", True),
            note=self._flag(said.get("note"), f"{at}.note", False),
            alone=self._flag(said.get("alone"), f"{at}.alone", False),
            good=self._flag(said.get("good"), f"{at}.good", True),
            emit=tuple(self._emit(one, f"{at}.emit") for one in (emit if isinstance(emit, list) else [emit])),
            on=str(said.get("on") or ""),
        )

    def _routes(self, said: Any, at: str) -> tuple[Route, ...]:
        if isinstance(said, str):
            return (Route(said),)
        if isinstance(said, list) and said and all(isinstance(one, Mapping) and "to" in one for one in said):
            found = tuple(
                Route(str(one["to"]), self._when(one.get("if"), f"{at}[{n}].if")) for n, one in enumerate(said)
            )
            if found[-1].when is not None:
                self.add(at, "last-way-with-condition")
            return found
        self.add(at, "step-leads-nowhere")
        return ()

    def _emit(self, said: Any, at: str) -> Emit:
        if isinstance(said, str):
            return Emit(said)
        if (
            isinstance(said, Mapping)
            and isinstance(said.get("type"), str)
            and isinstance(said.get("data", {}), Mapping)
        ):
            self._known(said, ("type", "data"), at)
            return Emit(said["type"], dict(said.get("data") or {}))
        self.add(at, "not-an-emitted-event")
        return Emit("")

    def _end(self, name: str, said: Mapping[str, Any], at: str) -> End:
        self._known(said, ("title", "good"), at)
        return End(name, self._text(said.get("title"), f"{at}.title"), self._flag(said.get("good"), f"{at}.good", True))

    def _start(self, said: Any) -> Start:
        if not isinstance(said, Mapping):
            self.add("start", "not-a-mapping-of-start")
            return Start()
        self._known(said, ("by", "for", "event"), "start")
        by = said.get("by") or ["anyone"]
        known = lambda one: one in ("anyone", "supervisor", "hr") or re.fullmatch(r"(role|position):.+", str(one))  # noqa: E731
        if not isinstance(by, list) or not all(map(known, by)):
            self.add("start.by", "not-a-beginner")
            by = ["anyone"]
        other = self._one_of(said.get("for") or "self", ("self", "other"), "start.for") == "other"
        return Start(tuple(map(str, by)), other, str(said.get("event") or ""))

    def _deadline(self, said: Any, at: str) -> Deadline | None:
        if said is None:
            return None
        if isinstance(said, str):
            said = {"within": said}
        if not isinstance(said, Mapping) or not ({"within", "at", "on"} & said.keys()):
            self.add(at, "not-a-deadline")
            return None
        self._known(said, ("within", "clock", "at", "on"), at)
        clock = self._one_of(said.get("clock") or "elapsed", ("elapsed", "working"), f"{at}.clock")
        late = said.get("at") == "24:00"
        moment = None if late else self._time(said.get("at"), f"{at}.at")
        within = self._duration(said.get("within"), f"{at}.within")
        return Deadline(within, clock == "working", moment, str(said.get("on") or ""), late)

    # -- small things --------------------------------------------------------------------------------------------
    def _each(self, said: Any, at: str, read: Callable[[str, Any, str], Any], names: bool = True) -> dict[str, Any]:
        if not isinstance(said, Mapping):
            self.add(at, "not-a-mapping-of-names", {"value": at.rpartition(".")[2]})
            return {}
        found = {}
        for name, one in said.items():
            place = f"{at}.{name}"
            if names and not NAME.fullmatch(str(name).rstrip("?")):
                self.add(place, "not-a-name")
            elif not isinstance(one, Mapping):
                self.add(place, "not-a-mapping")
            else:
                found[str(name).rstrip("?")] = read(str(name), one, place)
        return found

    def _known(self, said: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
        for name in said:
            if name not in known:
                self.add(f"{at}.{name}".lstrip("."), "unknown-name", {"names": known})

    def _name(self, said: Any, at: str) -> str:
        if isinstance(said, str) and NAME.fullmatch(said):
            return said
        self.add(at, "not-a-name")
        return ""

    def _text(self, said: Any, at: str, needed: bool = True) -> Text:
        if said is None and not needed:
            return {}
        right = isinstance(said, Mapping) and all(isinstance(one, str) and one.strip() for one in said.values())
        if right and all(language in said for language in (DEFAULT, SOURCE)):
            return {str(locale): text.strip() for locale, text in said.items()}
        self.add(at, "texts-needed")
        return {}

    def _one_of(self, said: Any, known: tuple[str, ...], at: str) -> str:
        if said in known:
            return str(said)
        self.add(at, "value-not-possible", {"value": said, "known": known})
        return known[0]

    def _some_of(self, said: Any, known: tuple[str, ...], at: str) -> list[str]:
        return [
            self._one_of(one, known, at) for one in (said if isinstance(said, list) else [] if said is None else [said])
        ]

    def _when(self, said: Any, at: str) -> Condition | None:
        return None if said is None else read_condition(said, at, self.add)

    def _flag(self, said: Any, at: str, default: bool) -> bool:
        if said is None or isinstance(said, bool):
            return default if said is None else said
        self.add(at, "not-true-or-false")
        return default

    def _whole(self, said: Any, at: str, default: int) -> int:
        if said is None or (isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= 100_000):
            return default if said is None else said
        self.add(at, "not-a-whole-number")
        return default

    def _number(self, said: Any, at: str) -> float | None:
        if said is None or (isinstance(said, int | float) and not isinstance(said, bool)):
            return said
        self.add(at, "not-a-number")
        return None

    def _duration(self, said: Any, at: str) -> Duration | None:
        if said is None:
            return None
        try:
            return Duration.parse(said)
        except Refused as refused:
            self.problems += [one.moved(at) for one in refused.problems]
            return None

    def _time(self, said: Any, at: str) -> time | None:
        if said is None:
            return None
        try:
            return time.fromisoformat(str(said))
        except ValueError:
            self.add(at, "not-a-clock-time", {"value": said})
            return None


def _first_text(nodes: Mapping[str, Node], fields: Mapping[str, FieldSpec]) -> str:
    """The first text field of the first form that is not sensitive."""
    form = next(iter(nodes.values())).form if nodes else ()
    plain = (one.field for one in form if one.field in fields and fields[one.field].type == "text")
    return next((name for name in plain if not fields[name].sensitive), "")
