"""A draft tried on the past: the preview itself, told step by step, and how a page shows it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.access.viewer import Viewer
from tideng.base.text import comma, space
from tideng.replay.stored_history import StoredHistory
from tideng.store.database import reading
from tideng_admin.display.filters import action_word, held_word, moment
from tideng_admin.request.context import locale, web
from tideng_rules.document.model import Rule
from tideng_rules.preview.result import (
    GONE,
    NEW,
    SAME,
    Preview,
)
from tideng_rules.preview.run import Cancelled, Proposal, preview

SHOWN = 20
"""Findings of each kind that a page names; the others are counted."""
_GIVEN_UP = 15.0
"""Seconds without anybody asking for the next step, after which a preview is given up."""


def try_on_the_past(
    viewer: Viewer, rule: Rule, start: datetime, until: datetime, progress: Callable[[float], object] | None = None
) -> Preview:
    """What `rule` would have meant beside the rules in force; nothing is written and nobody is told."""
    here = web()
    with reading(here.engine) as connection:
        return preview(
            StoredHistory(here.deployment, connection), viewer, Proposal([rule]), start, until, progress=progress
        )


def in_steps(work: Callable[[Callable[[float], object]], Any]) -> Iterator[Any]:
    """Run `work` in a thread and yield the shares done as it tells them, then its result, or the exception that ended it.

    Whoever stops asking ends the work.
    """
    steps: queue.Queue[Any] = queue.Queue(maxsize=1)
    given_up = threading.Event()
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def tell(step: Any) -> bool:
        while not given_up.is_set():
            try:
                steps.put(step, timeout=_GIVEN_UP if isinstance(step, float) else 1.0)
                return True
            except queue.Full:
                if isinstance(step, float):
                    given_up.set()
        return False

    def run() -> None:
        with app.app_context():
            try:
                tell((work(tell),))
            except Cancelled:
                pass
            except Exception as error:
                tell((error,))

    worker = threading.Thread(target=run, name="tideng-preview", daemon=True)
    worker.start()
    try:
        while True:
            step = steps.get()
            yield step if isinstance(step, float) else step[0]
            if isinstance(step, tuple):
                return
    finally:
        given_up.set()


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar: `heat` from 0 to 4; `number` is None for days outside the period."""

    day: date
    number: int | None
    heat: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    when: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """What is new, what falls away, and what stays; `more` says how many are not named."""

    title: str
    rows: Sequence[Row]
    more: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A preview as the page shows it. `spread`: (how many messages, share of person-days on which somebody was told)."""

    words: str
    weeks: Sequence[Sequence[Cell]]
    spread: Sequence[tuple[str, str]]
    held: str
    parts: Sequence[Part]
    faulty: Mapping[str, str]


def shown(found: Preview, rule: str) -> Tried:
    """The preview of one draft, in the reader's language and zone."""
    zone = web().zone()
    first, last = (moment_.astimezone(zone).date() for moment_ in (found.start, found.until))
    counts = found.rules.get(rule, {})
    said = counts.get(NEW, 0) + counts.get(SAME, 0)
    people = found.most_people_a_day.get(rule, 0)
    words = ngettext("It would have sent %(num)s message", "It would have sent %(num)s messages", said)
    words += _(", to at most %(people)s people on one day.", people=people) + (space(locale()))
    words += _(
        "Against the version in force: %(new)s new, %(gone)s gone.", new=counts.get(NEW, 0), gone=counts.get(GONE, 0)
    )
    return Tried(
        words,
        _weeks(_by_day(found, rule, zone), first, last),
        [(_("%(n)s messages", n=number), f"{share:.0%}") for number, share in _shares(found.after.histogram)],
        _held(found),
        [_part(found, status) for status in (NEW, GONE, SAME)],
        found.faulty,
    )


def _by_day(found: Preview, rule: str, zone: Any) -> dict[date, int]:
    days: dict[date, int] = {}
    for one in found.findings:
        if one.rule == rule and one.status != GONE:
            local = one.at.astimezone(zone).date()
            days[local] = days.get(local, 0) + 1
    return days


def _weeks(days: Mapping[date, int], first: date, last: date) -> list[list[Cell]]:
    """Weeks from Monday to Sunday; heat in quarters of the busiest day."""
    most = max(days.values(), default=0)
    start = first - timedelta(days=first.weekday())
    weeks = []
    while start <= last:
        week = []
        for offset in range(7):
            of = start + timedelta(days=offset)
            number = days.get(of, 0) if first <= of <= last else None
            week.append(Cell(of, number, -(-4 * number // most) if number and most else 0))
        weeks.append(week)
        start += timedelta(days=7)
    return weeks


def _shares(histogram: Mapping[int, int]) -> list[tuple[int, float]]:
    whole = sum(histogram.values())
    return [(number, days / whole) for number, days in histogram.items()] if whole else []


def _held(found: Preview) -> str:
    if not found.after.held:
        return _("All rules together; nothing would have been held.")
    parts = [f"{held_word(reason)} {number}" for reason, number in found.after.held.items()]
    return _("All rules together. Held for a while: %(parts)s.", parts=(comma(locale())).join(parts))


def _part(found: Preview, status: str) -> Part:
    titles = {NEW: _("New"), GONE: _("No longer"), SAME: _("Unchanged")}
    of = found.of_status(status)
    rows = []
    for one in of[:SHOWN]:
        text = one.message or action_word(one.action)
        if one.differs:
            text = _("different words or time: %(text)s", text=text)
        rows.append(Row(web().name_of(one.subject), moment(one.at), text))
    more = found.counts[status] - len(rows)
    return Part(
        f"{titles[status]} {len(of)}", rows, _("and %(n)s more", n=more) if more > 0 and len(of) > SHOWN else ""
    )
