"""Read the tables of units, positions and people of a bundle, and check them against each other."""

from __future__ import annotations

import bisect
import itertools
import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from tideng.base.problems import Sentence
from tideng.base.suggestions import nearest
from tideng.client.files import (
    Problems,
    Row,
    read_day,
    read_table,
)
from tideng.org.directory import (
    Assignment,
    Position,
    Targets,
    Unit,
)

UNIT_COLUMNS = ("id", "name", "parent", "from", "until")
POSITION_COLUMNS = ("id", "name", "unit", "duties", "sheet", "sheet_zh", "sheet_en", "seats", "head", "from", "until")
PERSON_COLUMNS = (
    "id",
    "name",
    "unit",
    "position",
    "supervisor",
    "timezone",
    "locale",
    "phone",
    "email",
    "from",
    "until",
    "deputy",
)
"""Columns of each table; `id` and `name` are required. A row is one period; the period of a unit or position lasts
until its next one begins."""
LONGEST_NAME = 200
LONGEST_SHEET = 20_000
_YES, _NO = ("yes", "true", "1", "是"), ("", "no", "false", "0", "否")
_DUTY = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|>|<|=)\s*(-?\d+(?:\.\d+)?)\s*", re.ASCII)
_ID = re.compile(r"[^\s\x00-\x1f\x7f,;]{1,120}")
_PHONE = re.compile(r"\+?[\d][\d ()-]{3,24}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Organisation(NamedTuple):
    units: tuple[Unit, ...] = ()
    positions: tuple[Position, ...] = ()
    assignments: tuple[Assignment, ...] = ()


def read_organisation(root: Path, timezone: str, locale: str, problems: Problems) -> Organisation:
    """Read units.csv, positions.csv and people.csv under `root`. `timezone` and `locale`: for people without their
    own."""
    unit_rows = read_table(root / "units.csv", ("id", "name"), UNIT_COLUMNS[2:], problems)
    position_rows = read_table(root / "positions.csv", ("id", "name"), POSITION_COLUMNS[2:], problems)
    people_rows = read_table(root / "people.csv", ("id", "name"), PERSON_COLUMNS[2:], problems)
    return organisation_of(unit_rows, position_rows, people_rows, timezone, locale, problems)


def organisation_of(
    unit_rows: Sequence[Row],
    position_rows: Sequence[Row],
    people_rows: Sequence[Row],
    timezone: str,
    locale: str,
    problems: Problems,
) -> Organisation:
    """Check the rows of the three tables, each by itself and against the others, and make the organisation;
    `problems` collects what does not fit."""
    for row in (*unit_rows, *position_rows, *people_rows):
        if len(row["name"]) > LONGEST_NAME:
            problems.add(row.at("name"), "name-too-long", {"most": LONGEST_NAME})
    _ids(unit_rows, problems)
    _ids(position_rows, problems)
    _ids(people_rows, problems, once=False)
    unit_days, position_days = _periods(unit_rows, problems), _periods(position_rows, problems)
    units = {row["id"] for row in unit_rows}
    positions = {row["id"] for row in position_rows}
    people = {row["id"] for row in people_rows}
    _known(unit_rows, "parent", units, "unit", problems)
    _known(position_rows, "unit", units, "unit", problems)
    _known(people_rows, "unit", units, "unit", problems)
    _known(people_rows, "position", positions, "position", problems)
    _known(people_rows, "supervisor", people, "person", problems)
    _known(people_rows, "deputy", people, "person", problems)
    _unit_cycles(unit_days, problems)
    assignments = [_assignment(row, timezone, locale, problems) for row in people_rows]
    periods: dict[str, list[tuple[Row, Assignment]]] = {}
    for row, assignment in zip(people_rows, assignments, strict=True):
        periods.setdefault(assignment.person, []).append((row, assignment))
    _overlaps(periods, problems)
    _supervisor_cycles(periods, problems)
    people_days = [_Period(row, one.since or date.min, one.until or date.max) for row, one in zip(people_rows, assignments, strict=True)]  # fmt: skip
    for days, column, ends, what in (
        (unit_days, "parent", unit_days, "unit"),
        (position_days, "unit", unit_days, "unit"),
        (people_days, "unit", unit_days, "unit"),
        (people_days, "position", position_days, "position"),
    ):
        _outlived(days, column, ends, what, problems)
    return Organisation(
        tuple(Unit(one.row["id"], one.row["name"], one.row["parent"], one.begins, one.ends) for one in unit_days),
        tuple(_position(one, locale, problems) for one in position_days),
        tuple(assignments),
    )


class _Period(NamedTuple):
    """A row and the days on which it holds, inclusive."""

    row: Row
    since: date
    last: date
    begins: date | None = None
    ends: date | None = None


def _periods(rows: Sequence[Row], problems: Problems) -> list[_Period]:
    """Give the periods of units or positions in the order of the rows: each holds until the next one of the same id
    begins, or until its last day."""
    said = [(row, read_day(row, "from", problems), read_day(row, "until", problems)) for row in rows]
    begun: dict[str, list[date]] = {}
    for row, since, until in said:
        begun.setdefault(row["id"], []).append(since or date.min)
        if since and until and until < since:
            problems.add(row.at("until"), "until-before-from", {"until": until, "since": since})
    for days in begun.values():
        days.sort()
    found = []
    for row, since, until in said:
        first = since or date.min
        after = bisect.bisect_right(begun[row["id"]], first)
        following = begun[row["id"]][after] - timedelta(days=1) if after < len(begun[row["id"]]) else date.max
        found.append(_Period(row, first, min(until or date.max, following), since, until))
    return found


def _outlived(rows: Iterable[_Period], column: str, named: Iterable[_Period], what: str, problems: Problems) -> None:
    """Report people and things in a unit or a position that does not exist any more on some day."""
    ends: dict[str, date] = {}
    for one in named:
        ends[one.row["id"]] = max(one.last, ends.get(one.row["id"], date.min))
    for one in rows:
        end = ends.get(one.row[column], date.max)
        if end < one.last:
            problems.add(one.row.at(column), "unit-ends-too-early", {"what": what, "id": one.row[column], "day": end})


def _position(period: _Period, locale: str, problems: Problems) -> Position:
    row = period.row
    columns = {"sheet": locale, "sheet_zh": "zh", "sheet_en": "en"}
    sheet = {language: row[column] for column, language in columns.items() if row[column]}
    for column in columns:
        if len(row[column]) > LONGEST_SHEET:
            problems.add(row.at(column), "duty-sheet-too-long", {"most": LONGEST_SHEET})
    return Position(
        row["id"],
        row["name"],
        row["unit"],
        read_duties(row["duties"], lambda wrong: problems.add(row.at("duties"), wrong.code, wrong.params)),
        sheet,
        _seats(row, problems),
        _is_head(row, problems),
        since=period.begins,
        until=period.ends,
    )


def _seats(row: Row, problems: Problems) -> int | None:
    if row["seats"] and not re.fullmatch(r"\d{1,6}", row["seats"], re.ASCII):
        problems.add(row.at("seats"), "not-a-headcount", {"value": row["seats"][:40]})
        return None
    return int(row["seats"]) if row["seats"] else None


def _is_head(row: Row, problems: Problems) -> bool:
    said = row["head"].casefold()
    if said not in (*_YES, *_NO):
        problems.add(row.at("head"), "not-yes-or-empty", {"value": row["head"][:40]})
    return said in _YES


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """All IANA zones. Finding them walks the whole zone database, which is too slow for each person."""
    return frozenset(zoneinfo.available_timezones())


ZONES_MEANT = {
    **dict.fromkeys(
        [
            *"asia/beijing asia/peking asia/shenzhen asia/guangzhou asia/hangzhou asia/chengdu asia/wuhan asia/tianjin "
            "asia/nanjing china/beijing china/shanghai beijing shanghai china utc+8 utc+08:00 gmt+8 gmt+08:00 +08:00 "
            "北京 上海 北京时间 中国标准时间".split(" "),
            "china standard time",
        ],
        "Asia/Shanghai",
    ),
    "asia/hongkong": "Asia/Hong_Kong",
    "hong kong": "Asia/Hong_Kong",
    "asia/taiwan": "Asia/Taipei",
    "asia/osaka": "Asia/Tokyo",
    "asia/mumbai": "Asia/Kolkata",
    "asia/delhi": "Asia/Kolkata",
    "asia/bangalore": "Asia/Kolkata",
    "asia/hanoi": "Asia/Ho_Chi_Minh",
    "europe/frankfurt": "Europe/Berlin",
    "europe/munich": "Europe/Berlin",
    "europe/hamburg": "Europe/Berlin",
    "europe/geneva": "Europe/Zurich",
    "europe/milan": "Europe/Rome",
    "europe/barcelona": "Europe/Madrid",
    "america/san_francisco": "America/Los_Angeles",
    "america/seattle": "America/Los_Angeles",
    "america/boston": "America/New_York",
    "america/washington": "America/New_York",
}
"""Names that people write for a zone and that no zone has (small letters) → the zone that they mean."""


def timezone_problem(name: str) -> Sentence | None:
    """What is wrong when `name` is not an IANA time zone."""
    known = _zones()
    if name in known:
        return None
    meant = ZONES_MEANT.get(name.strip().casefold().replace(" ", "_")) or ZONES_MEANT.get(name.strip().casefold())
    way_out = Sentence("did-you-mean", {"name": meant}) if meant else nearest(name, known)
    return Sentence("not-a-time-zone", {"name": name, "way_out": way_out or Sentence("time-zone-example")})


def locale_problem(name: str) -> Sentence | None:
    """What is wrong when `name` is not a locale, such as zh, zh-Hant or pt-BR."""
    try:
        Locale.parse(name.replace("-", "_"))
        return None
    except (UnknownLocaleError, ValueError, TypeError):
        return Sentence("not-a-locale", {"name": name})


def _ids(rows: Sequence[Row], problems: Problems, once: bool = True) -> None:
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["id"], row["from"])
        if row["id"] and not _ID.fullmatch(row["id"]):
            problems.add(row.at("id"), "not-an-id", {"id": row["id"][:40]})
        elif once and key in lines:
            problems.add(row.at("id"), "id-on-line-already", {"id": row["id"], "line": lines[key]})
        lines.setdefault(key, row.line)


def _known(rows: Sequence[Row], column: str, known: set[str], what: str, problems: Problems) -> None:
    for row in rows:
        if row[column] and row[column] not in known:
            problems.add(
                row.at(column),
                "unknown-reference",
                {"kind": what, "id": row[column], "near": nearest(row[column], known)},
            )


def _assignment(row: Row, timezone: str, locale: str, problems: Problems) -> Assignment:
    zone, language = row["timezone"] or timezone, row["locale"] or locale
    for column, check in (("timezone", timezone_problem), ("locale", locale_problem)):
        wrong = check(row[column]) if row[column] else None
        if wrong:
            problems.add(row.at(column), wrong.code, wrong.params)
    if row["phone"] and not _PHONE.fullmatch(row["phone"]):
        problems.add(row.at("phone"), "not-a-phone-number", {"value": row["phone"][:40]})
    if row["email"] and not (_EMAIL.fullmatch(row["email"]) and len(row["email"]) <= LONGEST_NAME):
        problems.add(row.at("email"), "not-an-email-address", {"value": row["email"][:60]})
    for column in ("supervisor", "deputy"):
        if row[column] and row[column] == row["id"]:
            problems.add(row.at(column), "own-superior", {"id": row["id"], "kind": column})
    since, until = read_day(row, "from", problems), read_day(row, "until", problems)
    if since and until and until < since:
        problems.add(row.at("until"), "until-before-from", {"until": until, "since": since})
    return Assignment(
        person=row["id"],
        name=row["name"],
        unit=row["unit"],
        position=row["position"],
        supervisor=row["supervisor"],
        timezone=zone,
        locale=language,
        phone=row["phone"],
        email=row["email"],
        since=since,
        until=until,
        deputy=row["deputy"],
    )


def read_duties(text: str, wrong: Callable[[Sentence], None]) -> Targets:
    """Read ``visits_this_month>=15;sales_this_month>=9000`` as targets. `wrong` is called with each problem."""
    targets: dict[str, tuple[str, float]] = {}
    for part in filter(str.strip, text.split(";")):
        duty = _DUTY.fullmatch(part)
        if not duty:
            wrong(Sentence("not-a-duty", {"value": part.strip()[:60]}))
        elif duty.group(1) in targets:
            wrong(Sentence("duty-listed-twice", {"name": duty.group(1)}))
        else:
            targets[duty.group(1)] = (duty.group(2), float(duty.group(3)))
    return targets


def duties_as_text(targets: Targets) -> str:
    """The inverse of `read_duties`."""
    return ";".join(f"{name}{operator}{value:g}" for name, (operator, value) in targets.items())


def _unit_cycles(periods: Sequence[_Period], problems: Problems) -> None:
    """Report units that are above themselves. A circle can only begin on a day on which some unit's period begins,
    so only those days are checked."""
    told: set[frozenset[str]] = set()
    for day in sorted({one.since for one in periods}):
        rows = {one.row["id"]: one.row for one in periods if one.since <= day <= one.last}
        settled: set[str] = set()

        def above(unit: str, rows: Mapping[str, Row] = rows) -> str:
            return rows[unit]["parent"] if unit in rows else ""

        for row in rows.values():
            circle = _circle(row["id"], above, settled)
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                problems.add(row.at("parent"), "circle-of-units", {"way": " → ".join((*circle, circle[0]))})


def _supervisor_cycles(periods: Mapping[str, list[tuple[Row, Assignment]]], problems: Problems) -> None:
    """Report supervisors who are above themselves. A circle can only begin on a day on which somebody's period
    begins, so only those days are checked."""
    told: set[frozenset[str]] = set()
    for entries in periods.values():
        for row, assignment in entries:
            day = assignment.since or date.min

            def above(person: str, day: date = day) -> str:
                return next((a.supervisor for _, a in periods.get(person, ()) if a.covers(day)), "")

            circle = _circle(assignment.person, above, set())
            # somebody who is their own supervisor was reported by _assignment
            if circle and len(circle) > 1 and assignment.person in circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                way = " → ".join((*circle, circle[0]))
                problems.add(row.at("supervisor"), "circle-of-superiors", {"way": way})


def _circle(start: str, above: Callable[[str], str], settled: set[str]) -> list[str]:
    """Climb from `start`, and return the ids that form a circle; [] when the climb ends at the top or at a settled
    id."""
    path: list[str] = []
    current = start
    while current and current not in settled:
        if current in path:
            settled.update(path)
            return path[path.index(current) :]
        path.append(current)
        current = above(current)
    settled.update(path)
    return []


def _overlaps(periods: Mapping[str, list[tuple[Row, Assignment]]], problems: Problems) -> None:
    for person, entries in periods.items():
        ordered = sorted(entries, key=lambda entry: entry[1].since or date.min)
        for (earlier, one), (later, two) in itertools.pairwise(ordered):
            if one.until is None or (two.since or date.min) <= one.until:
                problems.add(later.at("from"), "periods-overlap", {"person": person, "line": earlier.line})
