"""Reads what somebody filled into a form, field by field, into plain values; reports every problem at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_name, is_currency

from tideng.plugin import Directory, Problem, read_number
from tideng_processes.document.model import Definition, FieldSpec, Node

LONGEST_TEXT, LONGEST_LINE, LONGEST_NUMBER, MOST_ITEMS = 5000, 200, 200, 200
LARGEST_NUMBER = 1e12
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?", re.ASCII)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NAME_AND_ID = re.compile(r"[(（]([^()（）]+)[)）]$")
NOTHING: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody hands in at a step: the id of an `outcome`, the form's data, ids of kept files by field, a note.

    `at`: when it was written, where that was earlier and without a network (UTC). `key`: the page's name for the hand-in; the
    same author and key again is the same hand-in, and nothing happens twice."""

    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    papers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    note: str = ""
    at: datetime | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class FormValues:
    """The values of a form: `data` has only fields of the step's form that have a value; each problem is `at` a field's name,
    or a cell such as ``itinerary[2].city``."""

    data: Mapping[str, Any]
    problems: tuple[Problem, ...]


def read_form(
    definition: Definition,
    node: Node,
    submission: Submission,
    directory: Directory,
    at: datetime,
    known: Mapping[str, Any],
    complete: bool = True,
) -> FormValues:
    """Read the fields of the form of `node`. Numbers may come as texts, as browsers send them. `known`: the data of the case,
    for fields that depend on one of another step; `complete`: also report required fields that are empty."""
    said, reader = submission.data, _FormReader(definition, directory, at)
    data: dict[str, Any] = {}
    for name in said.keys() - {asks.field for asks in node.form}:
        reader.add(name, "not-a-field-of-form")
    for asks in node.form:
        spec = definition.fields[asks.field]
        value = (
            list(submission.papers.get(spec.name, ()))
            if spec.type == "files"
            else reader.value(spec, said.get(spec.name), spec.name)
        )
        if value not in NOTHING:
            data[spec.name] = value
            reader.check_size(spec, value)
        elif asks.required and complete and spec.name not in reader.wrong:
            reader.add(spec.name, "still-open")
    for asks in node.form:
        reader.check_order(definition.fields[asks.field], {**known, **data})
    return FormValues(data, tuple(reader.problems))


def person_named(directory: Directory, said: str, moment: datetime) -> str | None:
    """The id of the person employed at `moment` whom `said` names: by an id, by ``NAME (ID)``, or by a name that only one has."""
    text = said.strip()
    inner = _NAME_AND_ID.search(text)
    for person in filter(None, (text, inner and inner[1])):
        if directory.at(person, moment) is not None:
            return person
    namesakes = [one.person for one in directory.rosters.at(moment).find(text) if text and one.name == text]
    return namesakes[0] if len(namesakes) == 1 else None


class _FormReader:
    """Reads the values of one form. Each method returns the value, None where there is none, and adds problems."""

    def __init__(self, definition: Definition, directory: Directory, at: datetime):
        self._definition, self._directory, self._at = definition, directory, at
        self.problems: list[Problem] = []

    @property
    def wrong(self) -> set[str]:
        return {re.split(r"[.\[]", one.at)[0] for one in self.problems}

    def add(self, at: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        self.problems.append(Problem(at, code, params or {}))

    def value(self, spec: FieldSpec, said: Any, at: str) -> Any:
        if said is None or (isinstance(said, str) and not said.strip()):
            return None
        read: Callable[[FieldSpec, Any, str], Any] = getattr(self, f"_{spec.type}")
        return read(spec, said, at)

    def check_size(self, spec: FieldSpec, value: Any) -> None:
        """Check the length of a text, and the number of items, rows or files."""
        if spec.type not in ("text", "list", "table", "files"):
            return
        long, text = len(value), spec.type == "text"
        if spec.least and long < spec.least:
            self.add(spec.name, "characters-to-go" if text else "items-to-go", {"count": spec.least - long})
        most = spec.most or (LONGEST_TEXT if text else MOST_ITEMS)
        if long > most:
            self.add(spec.name, "over-length" if text else "limit-exceeded", {"limit": most})

    def check_order(self, spec: FieldSpec, data: Mapping[str, Any]) -> None:
        """Check that a date is not earlier than the date field it has to follow."""
        value, other = data.get(spec.name), data.get(spec.not_before)
        if spec.not_before and isinstance(value, str) and isinstance(other, str) and value < other:
            self.add(spec.name, "day-too-early", {"day": other})

    # -- one type each -------------------------------------------------------------------------------------------
    def _text(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        if not isinstance(said, str):
            self.add(at, "not-a-text")
            return None
        text = said.replace("\r\n", "\n").strip()
        if _UNREADABLE.search(text):
            self.add(at, "unshowable-characters")
            return None
        return text

    def _number(self, spec: FieldSpec, said: Any, at: str) -> float | int | None:
        read = read_number(str(said).replace(",", "").strip()) if not isinstance(said, bool) else None
        number = math.nan if read is None else float(read)
        if not math.isfinite(number) or abs(number) > LARGEST_NUMBER:
            self.add(at, "form-not-a-number")
            return None
        low, high = spec.minimum, spec.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            self._beyond(at, low, high)
        return int(number) if number == int(number) else number

    def _beyond(self, at: str, low: float | None, high: float | None) -> None:
        params = {"low": None if low is None else f"{low:g}", "high": None if high is None else f"{high:g}"}
        if low is None:
            self.add(at, "number-too-high", params)
        else:
            self.add(at, "number-too-low" if high is None else "number-not-between", params)

    def _integer(self, spec: FieldSpec, said: Any, at: str) -> int | None:
        number = self._number(spec, said, at)
        if isinstance(number, float):
            self.add(at, "form-not-a-whole-number")
            return None
        return number

    def _money(self, spec: FieldSpec, said: Any, at: str) -> float | int | None:
        number = self._number(spec, said, at)
        try:
            amount = Decimal(str(said).replace(",", "").strip()) if number is not None else Decimal()
            exact = amount == round(amount, 2)
        except InvalidOperation:
            exact = False
        if not exact:
            self.add(at, "too-many-decimals")
        return number

    def _currency(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        code = str(said).strip().upper()
        if is_currency(code) and get_currency_name(code, locale="en"):
            return code
        self.add(at, "not-a-known-currency", {"code": code})
        return None

    def _boolean(self, spec: FieldSpec, said: Any, at: str) -> bool | None:
        known = {True: True, False: False, "true": True, "on": True, "1": True, "false": False, "0": False}
        if isinstance(said, bool | str) and said in known:
            return known[said]
        self.add(at, "not-yes-or-no")
        return None

    def _date(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        try:
            text = str(said).strip()
            day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
        except ValueError:
            self.add(at, "not-a-day")
            return None
        if not 2000 <= day.year <= 2100:
            self.add(at, "not-a-day")
            return None
        return day.isoformat()

    def _time(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        try:
            text = str(said).strip()
            return time.fromisoformat(text if _CLOCK.fullmatch(text) else "").strftime("%H:%M")
        except ValueError:
            self.add(at, "form-not-a-time")
            return None

    def _choice(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        if str(said) in spec.choices:
            return str(said)
        self.add(at, "not-a-choice", {"names": spec.choices.values()})
        return None

    def _person(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        found = person_named(self._directory, str(said), self._at)
        if found is None:
            self.add(at, "nobody-here")
        return found

    def _case(self, spec: FieldSpec, said: Any, at: str) -> str | None:
        """The name of a case; `tideng_processes.cases.case_choices` decides whether it may be chosen."""
        name = self._text(spec, said, at)
        if name and len(name) > LONGEST_NUMBER:
            self.add(at, "over-length", {"limit": LONGEST_NUMBER})
            return None
        return name

    def _list(self, spec: FieldSpec, said: Any, at: str) -> list[str]:
        lines = said.splitlines() if isinstance(said, str) else said if isinstance(said, list) else []
        items = [self._text(spec, one, f"{at}[{number}]") for number, one in enumerate(lines)]
        for number, item in enumerate(items):
            if item and len(item) > LONGEST_LINE:
                self.add(f"{at}[{number}]", "over-length", {"limit": LONGEST_LINE})
        return [one for one in items if one]

    def _table(self, spec: FieldSpec, said: Any, at: str) -> list[dict[str, Any]]:
        if not isinstance(said, list) or not all(isinstance(one, Mapping) for one in said):
            self.add(at, "not-a-table")
            return []
        rows = [self._row(spec, row, f"{at}[{number}]") for number, row in enumerate(said[: MOST_ITEMS + 1])]
        return [row for row in rows if row]

    def _row(self, spec: FieldSpec, said: Mapping[str, Any], at: str) -> dict[str, Any]:
        """One row; an empty row is left out, and its required columns are not asked for."""
        row = {column.name: self.value(column, said.get(column.name), f"{at}.{column.name}") for column in spec.columns}
        row = {name: value for name, value in row.items() if value not in NOTHING}
        for column in spec.columns if row else ():
            if column.required and column.name not in row and said.get(column.name) in NOTHING:
                self.add(f"{at}.{column.name}", "still-open")
        return row

    def _files(self, spec: FieldSpec, said: Any, at: str) -> None:
        """Files come beside the data; a value given here is ignored."""
