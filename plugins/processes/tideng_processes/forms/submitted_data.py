"""Sorts what a browser sends into the fields of a form, and says what each field shows.

A form is sent as pairs of names and texts, with a script or without one: ``f-needs`` is a field, ``f-itinerary-2-city`` a cell
of a table, ``p-papers`` the id of a kept file. The types come from the definition; the names do not tell them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from tideng.plugin import MUST, Asked, Filled, Text, say_problem
from tideng_processes.cases.case_choices import NamedCase, Reference
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.forms.fields import LONGEST_TEXT

FIELD, PAPER, UPLOAD = "f-", "p-", "u-"
SPARE_ROWS = 1
"""Empty rows below the filled ones, so that a table grows without a script."""
_PLACE = re.compile(r"(?P<field>[^.\[]+)(?:\[(?P<row>\d+)\])?(?:\.(?P<column>.+))?")

Pairs = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    """What was sent: `data` as `Submission` has it, and the ids of files by field."""

    data: Mapping[str, Any] = field(default_factory=dict)
    papers: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remark:
    """A message about a field in the reader's language; `row` and `column` where it is about a cell."""

    message: str
    must: bool
    row: int | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field on the page. `value`: a text, rows of a table, or ids of files; `source`: where the value comes from; `enough`: the
    characters or items that a rule asks for (0: none asks), and whether that is a `must`; `cases`: those to choose from."""

    spec: FieldSpec
    required: bool
    value: Any
    source: Text
    remarks: tuple[Remark, ...] = ()
    enough: int = 0
    must: bool = False
    cases: tuple[NamedCase, ...] = ()


def said_of(definition: Definition, node: Node, pairs: Pairs, person: Callable[[str], str] = str) -> SubmittedForm:
    """Sort what was sent into the fields of the form of `node`; names of other fields are left out. `person`: a name that
    somebody typed → that person's id."""
    data: dict[str, Any] = {}
    papers: dict[str, list[int]] = {}
    for asks in node.form:
        spec = definition.fields[asks.field]
        if spec.type == "files":
            papers[spec.name] = [
                int(one) for one in pairs.get(PAPER + spec.name, ()) if one.isdecimal() and len(one) < 18
            ]
        elif spec.type == "table":
            data[spec.name] = _rows(spec, pairs)
        elif FIELD + spec.name in pairs:
            text = pairs[FIELD + spec.name][-1]
            data[spec.name] = person(text) if spec.type == "person" and text.strip() else text
    return SubmittedForm(data, {name: ids for name, ids in papers.items() if ids})


def _rows(spec: FieldSpec, pairs: Pairs) -> list[dict[str, str]]:
    """The rows in their order, empty ones left out."""
    rows: dict[int, dict[str, str]] = {}
    for column in spec.columns:
        shape = re.compile(rf"{FIELD}{re.escape(spec.name)}-(\d{{1,4}})-{re.escape(column.name)}")
        for name, texts in pairs.items():
            found = shape.fullmatch(name)
            if found and texts[-1].strip():
                rows.setdefault(int(found[1]), {})[column.name] = texts[-1]
    return [rows[number] for number in sorted(rows)]


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form is shown with. `said`: what was sent a moment ago, None on the first visit; `known`: the case's data; `filled`:
    what plugins fill in; `asked`: shown beside its field; `enough`: the lengths that rules ask of texts."""

    said: SubmittedForm | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    filled: Mapping[str, Filled] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    enough: Sequence[Asked] = ()


def shown_fields(definition: Definition, node: Node, state: FormState, locale: str = "zh") -> list[ShownField]:
    """The fields of a form. A value that was sent wins over one that the case knows, and that over one that is filled in."""
    remarks: dict[str, list[Remark]] = {}
    for one in state.asked:
        name, remark = _remark(one, locale)
        remarks.setdefault(name, []).append(remark)
    wanted = {one.field: one for one in state.enough if one.least}
    found = []
    for asks in node.form:
        spec = definition.fields[asks.field]
        value, source = _value(spec, state)
        long = wanted.get(spec.name)
        of_rule = (long.least, long.severity == MUST) if long else (0, False)
        found.append(ShownField(spec, asks.required, value, source, tuple(remarks.get(spec.name, ())), *of_rule))
    return found


def with_cases(one: ShownField, offered: Sequence[NamedCase], stands: Mapping[Reference, NamedCase]) -> ShownField:
    """A case field with its choices: the cases that are `offered`, and the one that it holds already, from `stands`."""
    known = {name: case for case in offered for name in (case.name, case.id)}
    case = known.get(one.value) or stands.get((one.spec.process, one.value))
    if case is None:
        return replace(one, cases=tuple(offered))
    return replace(one, value=case.name, cases=tuple(offered if case in offered else (case, *offered)))


def is_shown(one: ShownField) -> bool:
    """Whether a field is shown: an optional case field with nothing to choose from is not."""
    return one.spec.type != "case" or bool(one.cases or one.required or one.remarks)


def other_remarks(node: Node, asked: Iterable[Asked], locale: str) -> list[Remark]:
    """The messages about no field of the form: about the whole form, or its note."""
    names = {asks.field for asks in node.form}
    return [remark for one in asked for name, remark in [_remark(one, locale)] if name not in names]


def _remark(one: Asked, locale: str) -> tuple[str, Remark]:
    place = _PLACE.fullmatch(one.field)
    words = say_problem(one.problem().moved(""), locale).line
    if place is None:
        return "", Remark(words, one.severity == MUST)
    row = int(place["row"]) if place["row"] else None
    return place["field"], Remark(words, one.severity == MUST, row, place["column"] or "")


def _value(spec: FieldSpec, state: FormState) -> tuple[Any, Text]:
    """The value of a field as text, and where it comes from, {} where nothing filled it in."""
    said = state.said
    if said is not None:
        return as_text(spec, said.papers.get(spec.name) if spec.type == "files" else said.data.get(spec.name)), {}
    if spec.name in state.known:
        return as_text(spec, state.known[spec.name]), {}
    found = state.filled.get(spec.name)
    return as_text(spec, found.value if found else None), found.source if found else {}


def as_text(spec: FieldSpec, value: Any) -> Any:
    """A value as its field shows it: rows of texts for a table, ids for files, else one text."""
    if spec.type == "files":
        return list(value or ())
    if spec.type == "table":
        rows = [{name: _plain(of) for name, of in row.items()} for row in value or ()]
        return rows + [{} for _ in range(SPARE_ROWS if rows else SPARE_ROWS + 1)]
    if isinstance(value, list):
        return "\n".join(map(_plain, value))
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def recent_days(spec: FieldSpec, today: date, value: str) -> list[tuple[int, date]]:
    """The choices of a date field with recent days: (days ago, date), the latest first, and the date of `value` last where it is
    not among them."""
    days = [(ago, today - timedelta(days=ago)) for ago in range(spec.recent + 1)]
    try:
        chosen = date.fromisoformat(value)
    except ValueError:
        return days
    return days if chosen in [day for _, day in days] else [*days, ((today - chosen).days, chosen)]


def limit_of(spec: FieldSpec) -> int:
    """The most characters that a field takes."""
    return spec.most or (LONGEST_TEXT if spec.lines > 1 else 200) if spec.type == "text" else LONGEST_TEXT
