"""Read the spans during which states (``person.on_trip``, ``person.on_leave``) held. Moments are UTC."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from tideng.store.database import among
from tideng.store.tables import StateRow


class StateSpan(NamedTuple):
    """One span of a state with a known start. `ended_at` None: it still holds; `key`: of a trip, its name."""

    subject: str
    state: str
    key: str
    started_at: datetime
    ended_at: datetime | None


def spans_reaching(
    connection: Connection, states: Collection[str], people: Collection[str], first: datetime
) -> list[StateSpan]:
    """The spans with a known start of these states of `people` that still hold or ended at `first` or later. One statement."""
    row = StateRow
    theirs = (among(connection, row.subject, people), row.state.in_(states), row.started_at.is_not(None))
    reaching = or_(row.ended_at.is_(None), row.ended_at >= first)
    query = select(row.subject, row.state, row.key, row.started_at, row.ended_at).where(*theirs, reaching)
    return [StateSpan._make(one) for one in connection.execute(query)]


def last_span_between(
    connection: Connection, state: str, person: str, began: datetime, until: datetime
) -> StateSpan | None:
    """The span of a state that held at some moment after `began` and up to `until`; of several the latest to start."""
    row = StateRow
    then = (row.started_at <= until, or_(row.ended_at.is_(None), row.ended_at > began))
    query = select(row.subject, row.state, row.key, row.started_at, row.ended_at)
    query = query.where(row.subject == person, row.state == state, *then).order_by(row.started_at.desc()).limit(1)
    found = connection.execute(query).first()
    return StateSpan._make(found) if found else None


def people_in(connection: Connection, states: Collection[str], at: datetime) -> frozenset[str]:
    """Everyone for whom one of these states holds at that moment; its first moment counts, its last does not. One statement."""
    if not states:
        return frozenset()
    row = StateRow
    there = (row.started_at <= at, or_(row.ended_at.is_(None), row.ended_at > at))
    return frozenset(connection.scalars(select(row.subject).where(row.state.in_(states), *there)))


def states_now(connection: Connection, states: Collection[str], person: str, now: datetime) -> frozenset[str]:
    """Which of these states have begun for `person` and have no end yet. One statement."""
    row = StateRow
    open_ = (row.started_at <= now, row.ended_at.is_(None))
    return frozenset(connection.scalars(select(row.state).where(row.subject == person, row.state.in_(states), *open_)))
