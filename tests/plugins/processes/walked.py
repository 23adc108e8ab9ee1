"""An independent count of how a log follows a process: no Tideng inside. A case is a string of letters, a process a regular
expression, and where a case stands is the expression that its beginning matches."""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

EPOCH = date(1970, 1, 1).toordinal()
FREE = (
    (2016, "12-25 12-26"), (2017, "01-01 04-14 04-16 04-17 04-27 05-25 06-04 06-05 12-25 12-26"),
    (2018, "01-01 03-30 04-01 04-02 04-27 05-10 05-20 05-21 12-25 12-26"),
    (2019, "01-01 04-19 04-21 04-22 04-27 05-30 06-09 06-10 12-25 12-26"),
)  # fmt: skip
"""Public holidays in the Netherlands, written down by hand: Good Friday among them, Liberation Day in 2015 and 2020 only."""
HOLIDAYS = frozenset(date.fromisoformat(f"{year}-{day}").toordinal() for year, days in FREE for day in days.split())

BACK = "ADMINISTRATION|BUDGET OWNER|PRE_APPROVER|SUPERVISOR|DIRECTOR"


def letters(what: str) -> list[tuple[str, str]]:
    """What stands for the activities of a permit or a declaration: (expression, letter)."""
    return [
        (f"{what} SAVED by EMPLOYEE", "s"), (f"{what} REJECTED by EMPLOYEE", "e"), (f"{what} SUBMITTED by EMPLOYEE", "U"),
        (f"{what} APPROVED by ADMINISTRATION", "a"), (f"{what} APPROVED by PRE_APPROVER", "p"),
        (f"{what} APPROVED by BUDGET OWNER", "b"), (f"{what} APPROVED by SUPERVISOR", "v"),
        (f"{what} FINAL_APPROVED by SUPERVISOR", "F"), (f"{what} FINAL_APPROVED by DIRECTOR", "D"),
        (f"{what} REJECTED by (ADMINISTRATION|PRE_APPROVER)", "r"), (f"{what} REJECTED by BUDGET OWNER", "o"),
        (f"{what} REJECTED by SUPERVISOR", "w"), (f"{what} REJECTED by DIRECTOR", "x"), (f"{what} REJECTED by MISSING", "M"),
    ]  # fmt: skip


TRIP = [*letters("Permit"), ("Start trip", "B"), ("End trip", "Z")]
CLAIM = [*letters("Declaration"), ("Request Payment", "q"), ("Payment Handled", "P")]
SHIPPED_TRIP = {
    "request": "(?:{back})*",
    "approve": "(?:{back})*{open}",
    "waiting": "(?:{back})*{open}[FD]",
    "on_trip": "(?:{back})*{open}[FD]B",
    "ended": "(?:{back})*{open}[FD]BZ",
}
_OPEN = "[se]*U[apbv]*"
_BACK = f"[se]|{_OPEN}[rowxM]|{_OPEN}[FD]M"
_ASKED = "[se]*U"
_LEAD = f"{_ASKED}[ap]b*"
_DIRECTOR = f"(?:{_LEAD}|{_ASKED})v"
_AGREED = f"(?:{_LEAD}F|{_ASKED}F|{_DIRECTOR}D)"
_OWN_BACK = f"[se]|{_ASKED}[rwM]|{_LEAD}[owM]|{_DIRECTOR}[xM]|{_AGREED}M"
OWN_TRIP = {
    "request": f"(?:{_OWN_BACK})*",
    "check": f"(?:{_OWN_BACK})*{_ASKED}",
    "lead": f"(?:{_OWN_BACK})*{_LEAD}",
    "director": f"(?:{_OWN_BACK})*{_DIRECTOR}",
    "waiting": f"(?:{_OWN_BACK})*{_AGREED}",
    "on_trip": f"(?:{_OWN_BACK})*{_AGREED}B",
    "ended": f"(?:{_OWN_BACK})*{_AGREED}BZ",
}
SHIPPED_TRIP = {node: like.format(back=_BACK, open=_OPEN) for node, like in SHIPPED_TRIP.items()}
_PAY = f"{_OPEN}[FD]q*"
_CLAIM_BACK = f"[se]|{_OPEN}[rowxM]|{_PAY}M"
ONE_CLAIM = {
    "write": f"(?:{_CLAIM_BACK})*",
    "check": f"(?:{_CLAIM_BACK})*{_OPEN}",
    "pay": f"(?:{_CLAIM_BACK})*{_PAY}",
    "paid": f"(?:{_CLAIM_BACK})*{_PAY}P",
}
CLAIMS = {
    "paid": f"(?:{ONE_CLAIM['paid']})+",
    **{n: f"(?:{ONE_CLAIM['paid']})*{ONE_CLAIM[n]}" for n in ("write", "check", "pay")},
}

Case = list[tuple[str, str, int, str]]
"""(letter, activity, seconds since 1970, the local time as it is written)."""


def cases_of(
    path: Path, wanted: list[tuple[str, str]], only: Callable[[str, str], bool] = lambda *_: True
) -> list[Case]:
    """The events that have a letter, case by case, cut out of the text of the file. `only` is asked of activity and id."""
    known: dict[str, str | None] = {}
    cases = []
    for trace in gzip.decompress(path.read_bytes()).decode().split("<trace>")[1:]:
        case: Case = []
        for event in trace.split("<event>")[1:]:
            said = dict(re.findall(r'key="(concept:name|time:timestamp|id)" value="([^"]*)"', event))
            activity = said["concept:name"]
            if activity not in known:
                known[activity] = next((letter for like, letter in wanted if re.fullmatch(like, activity)), None)
            if known[activity] and only(activity, said.get("id", "")):
                case.append((known[activity] or "", activity, *_seconds(said["time:timestamp"])))
        cases.append(case)
    return cases


def _seconds(text: str) -> tuple[int, str]:
    """``2017-04-14T09:30:00.000+02:00`` in seconds since 1970, and as it is written."""
    day, hour, minute, second = text[:10], int(text[11:13]), int(text[14:16]), int(text[17:19])
    offset = (1 if text[23] == "+" else -1) * (int(text[24:26]) * 60 + int(text[27:29]))
    days = date(int(day[:4]), int(day[5:7]), int(day[8:])).toordinal() - EPOCH
    return days * 86400 + hour * 3600 + (minute - offset) * 60 + second, text[:19]


@dataclass
class Count:
    """What came out; `spent` in seconds."""

    conforming: int = 0
    absent: int = 0
    midway: Counter[str] = field(default_factory=Counter)
    deviations: Counter[tuple[str, str]] = field(default_factory=Counter)
    spent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    late: Counter[str] = field(default_factory=Counter)


def count(cases: list[Case], nodes: Mapping[str, str], end: str, workdays: Mapping[str, int] | None = None) -> Count:
    """Where each case leaves the expressions: the shortest beginning of it that none of them matches."""
    found, likes = Count(), {node: re.compile(like) for node, like in nodes.items()}
    stands: dict[str, str | None] = {"": next(iter(n for n in nodes if likes[n].fullmatch("")), None)}
    for case in cases:
        text = "".join(letter for letter, *_ in case)
        if not case:
            found.absent += 1
            continue
        came, node = 0, stands[""]
        for length in range(1, len(text) + 1):
            begun = text[:length]
            if begun not in stands:
                stands[begun] = next((name for name, like in likes.items() if like.fullmatch(begun)), None)
            now = stands[begun]
            if now is None:
                found.deviations[node or "", case[length - 1][1]] += 1
                break
            if node == end:  # another one begins
                came, node = length - 1, stands[""]
            if now != node:
                began, ended = case[came], case[length - 1]
                found.spent[node or ""].append(ended[2] - began[2])
                if workdays and node in workdays:
                    found.late[node] += ended[2] > due(began, workdays[node])
                came, node = length - 1, now
        else:
            found.conforming += node == end
            if node != end:
                found.midway[node or ""] += 1
    return found


def due(event: tuple[str, str, int, str], workdays: int) -> int:
    """The same time of day so many working days later, in seconds; the clocks of the Netherlands go forward on the last Sunday of
    March and back on that of October."""
    written = event[3]
    day = start = date.fromisoformat(written[:10]).toordinal()
    while workdays:
        day += 1
        workdays -= day not in HOLIDAYS and (day - 1) % 7 < 5
    local = (start - EPOCH) * 86400 + sum(
        int(n) * m for n, m in zip(written[11:].split(":"), (3600, 60, 1), strict=True)
    )
    return local + (day - start) * 86400 - _offset(day)


def _offset(day: int) -> int:
    year = date.fromordinal(day).year
    last = [max(d for d in range(1, 32) if (date(year, month, d).toordinal() - 1) % 7 == 6) for month in (3, 10)]
    return 7200 if date(year, 3, last[0]).toordinal() <= day < date(year, 10, last[1]).toordinal() else 3600


def nearest_rank(values: list[int], share: float) -> int:
    """The smallest value that so much of all values does not exceed."""
    often, so_far = Counter(values), 0
    for value in sorted(often):
        so_far += often[value]
        if so_far >= share * len(values):
            return value
    raise ValueError("there are no values")
