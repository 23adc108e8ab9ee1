"""What a browser sends of a form, sorted into fields; and what stands in the fields when it is shown.

A form is sent as pairs of names and texts, with a script or without one: ``f-needs`` is a field, ``f-itinerary-2-city`` a cell
of a table, ``p-papers`` the id of a kept file. The names tell nothing of the type; the definition does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from tideng.base.problems import say
from tideng.plugin import MUST, Asked, Filled, Text
from tideng_processes.cases.case_choices import NamedCase, Reference
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.forms.fields import LONGEST_TEXT

FIELD, PAPER, UPLOAD = "f-", "p-", "u-"
SPARE_ROWS = 1
"""So many empty rows a table has below what is filled in: one can be written into without a script."""
_PLACE = re.compile(r"(?P<field>[^.\[]+)(?:\[(?P<row>\d+)\])?(?:\.(?P<column>.+))?")

Pairs = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """What was sent: `data` as `fields.read_form` takes it, and the ids of `papers` by field."""

    data: Mapping[str, Any] = field(default_factory=dict)
    papers: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is asked about a field, in the reader's language. `row` and `column` where it is about a cell."""

    message: str
    must: bool
    row: int | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field as it stands on the page. `value`: a text, rows of a table, or ids of files; `source`: where it is filled in from;
    `enough`: from how many characters or items on a rule is content (0: none asks), and whether that `must` be. `cases`: of a
    field that is a case, those to choose from."""

    spec: FieldSpec
    required: bool
    value: Any
    source: Text
    remarks: tuple[Remark, ...] = ()
    enough: int = 0
    must: bool = False
    cases: tuple[NamedCase, ...] = ()


def said_of(definition: Definition, node: Node, pairs: Pairs, person: Callable[[str], str] = str) -> Said:
    """Sort what was sent into the fields of the form of `node`; `person` finds the id of whom somebody named. What is no field
    of this form is left out."""
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
    return Said(data, {name: ids for name, ids in papers.items() if ids})


def _rows(spec: FieldSpec, pairs: Pairs) -> list[dict[str, str]]:
    """The rows in their order; a row in which nothing stands is none."""
    rows: dict[int, dict[str, str]] = {}
    for column in spec.columns:
        shape = re.compile(rf"{FIELD}{re.escape(spec.name)}-(\d{{1,4}})-{re.escape(column.name)}")
        for name, texts in pairs.items():
            found = shape.fullmatch(name)
            if found and texts[-1].strip():
                rows.setdefault(int(found[1]), {})[column.name] = texts[-1]
    return [rows[number] for number in sorted(rows)]


def shown_fields(
    definition: Definition,
    node: Node,
    said: Said | None,
    known: Mapping[str, Any],
    filled: Mapping[str, Filled],
    asked: Iterable[Asked] = (),
    enough: Iterable[Asked] = (),
    locale: str = "zh",
) -> list[ShownField]:
    """The fields of a form. What was `said` a moment ago stands before what the case has `known`, and that before what is
    `filled` in; `asked` is shown beside its field, and `enough` tells how long a text should become."""
    remarks: dict[str, list[Remark]] = {}
    for one in asked:
        name, remark = _remark(one, locale)
        remarks.setdefault(name, []).append(remark)
    wanted = {one.field: one for one in enough if one.least}
    found = []
    for asks in node.form:
        spec = definition.fields[asks.field]
        value, source = _value(spec, said, known, filled)
        long = wanted.get(spec.name)
        of_rule = (long.least, long.severity == MUST) if long else (0, False)
        found.append(ShownField(spec, asks.required, value, source, tuple(remarks.get(spec.name, ())), *of_rule))
    return found


def with_cases(one: ShownField, offered: Sequence[NamedCase], stands: Mapping[Reference, NamedCase]) -> ShownField:
    """A field that is a case with what is to be chosen from: the cases that are `offered`, and the one that stands in it already."""
    known = {name: case for case in offered for name in (case.name, case.id)}
    case = known.get(one.value) or stands.get((one.spec.process, one.value))
    if case is None:
        return replace(one, cases=tuple(offered))
    return replace(one, value=case.name, cases=tuple(offered if case in offered else (case, *offered)))


def is_shown(one: ShownField) -> bool:
    """A case that may be left out and of which there is none is not asked for."""
    return one.spec.type != "case" or bool(one.cases or one.required or one.remarks)


def other_remarks(node: Node, asked: Iterable[Asked], locale: str) -> list[Remark]:
    """What is asked about no field of the form: about the whole of it, or the note."""
    names = {asks.field for asks in node.form}
    return [remark for one in asked for name, remark in [_remark(one, locale)] if name not in names]


def _remark(one: Asked, locale: str) -> tuple[str, Remark]:
    place = _PLACE.fullmatch(one.field)
    words = say(one.problem().moved(""), locale).line
    if place is None:
        return "", Remark(words, one.severity == MUST)
    row = int(place["row"]) if place["row"] else None
    return place["field"], Remark(words, one.severity == MUST, row, place["column"] or "")


def _value(
    spec: FieldSpec, said: Said | None, known: Mapping[str, Any], filled: Mapping[str, Filled]
) -> tuple[Any, Text]:
    if said is not None:
        return as_text(spec, said.papers.get(spec.name) if spec.type == "files" else said.data.get(spec.name)), {}
    if spec.name in known:
        return as_text(spec, known[spec.name]), {}
    found = filled.get(spec.name)
    return as_text(spec, found.value if found else None), found.source if found else {}


def as_text(spec: FieldSpec, value: Any) -> Any:
    """A value as it stands in its field: rows of texts for a table, ids for files, else one text."""
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
    """(how many days ago, which day) of a date that is chosen among recent ones, the latest first; with the day of `value`,
    where that is another one."""
    days = [(ago, today - timedelta(days=ago)) for ago in range(spec.recent + 1)]
    try:
        chosen = date.fromisoformat(value)
    except ValueError:
        return days
    return days if chosen in [day for _, day in days] else [*days, ((today - chosen).days, chosen)]


def limit_of(spec: FieldSpec) -> int:
    """So many characters a field takes at most."""
    return spec.most or (LONGEST_TEXT if spec.lines > 1 else 200) if spec.type == "text" else LONGEST_TEXT
