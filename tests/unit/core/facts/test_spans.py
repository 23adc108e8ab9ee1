"""When a state holds, from starts and ends heard in any order, against a reading that looks at one moment at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideng.facts.spans import Span
from tideng.facts.world import World
from tideng.model.catalogue import Catalogue, State
from tideng.model.event import Event
from tideng.org.directory import Directory

START = datetime(2026, 3, 2, tzinfo=UTC)
LAST = 12
ON_TRIP = State("person.on_trip", {"zh": "出差中", "en": "On a trip"}, "trip.started", "trip.ended", key="trip")
ON_SHIFT = State("person.on_shift", {"zh": "当班", "en": "On shift"}, "shift.started", "shift.ended")
Boundary = tuple[int, str, str]
"""Minute, ``started`` or ``ended``, and which one."""
boundaries = st.lists(
    st.tuples(st.integers(0, LAST), st.sampled_from(("started", "started", "ended")), st.sampled_from(("T-1", "T-2"))),
    max_size=14,
)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def a_world(state: State, heard: Sequence[Boundary]) -> World:
    """A world that has heard these starts and ends, one after the other."""
    world = World(Directory(), Catalogue())
    for number, (when, kind, key) in enumerate(heard):
        event = Event(str(number), "test", f"x.{kind}", minute(when), "zhang", {state.key: key} if state.key else {})
        (world.begin_state if kind == "started" else world.end_state)(state, event)
    return world


def holds_naively(heard: Sequence[Boundary], moment: float) -> bool:
    """What was heard last up to `moment` says it; of a start and an end at one moment the end counts."""
    for key in {key for _, _, key in heard}:
        past = [(when, kind) for when, kind, which in heard if which == key and when <= moment]
        latest = max((when for when, _ in past), default=None)
        if past and not any(when == latest and kind == "ended" for when, kind in past):
            return True
    return False


def holds_naively_without_a_key(heard: Sequence[Boundary], moment: float) -> bool:
    """As above; a moment with a start and an end leaves everything as it was."""
    for when in sorted({when for when, _, _ in heard if when <= moment}, reverse=True):
        kinds = {kind for other, kind, _ in heard if other == when}
        if len(kinds) == 1:
            return kinds == {"started"}
    return False


@pytest.mark.parametrize(
    ("state", "naively"),
    [(ON_TRIP, holds_naively), (ON_SHIFT, holds_naively_without_a_key)],
    ids=["with a key", "without a key"],
)
def test_in_whatever_order_starts_and_ends_are_heard_a_state_holds_when_a_naive_reading_says_so(state, naively):
    @given(heard=boundaries, luck=st.randoms(use_true_random=False))
    def compare(heard: list[Boundary], luck) -> None:
        shuffled = list(heard)
        luck.shuffle(shuffled)
        for order in (heard, sorted(heard), shuffled):
            world = a_world(state, order)
            for half in range(2 * LAST + 3):
                found = world.in_state("zhang", state.name, minute(half / 2))
                assert (found is not None) == naively(heard, half / 2), half / 2

    compare()


@given(heard=boundaries, luck=st.randoms(use_true_random=False))
def test_the_spans_are_the_same_in_whatever_order_starts_and_ends_are_heard(heard, luck):
    shuffled = list(heard)
    luck.shuffle(shuffled)
    assert spans_of(a_world(ON_TRIP, shuffled)) == spans_of(a_world(ON_TRIP, sorted(heard)))


def spans_of(world: World) -> set[tuple]:
    return {(span.key, span.started, span.ended) for span in world.spans.get(("zhang", ON_TRIP.name), ())}


@given(heard=boundaries, luck=st.randoms(use_true_random=False), again=st.integers(1, 13))
def test_what_is_stored_between_two_batches_is_all_that_is_needed_of_the_first(heard, luck, again):
    luck.shuffle(heard)
    world = a_world(ON_TRIP, heard[:again])
    rows = [Span(span.key, span.started, span.ended, 1) for span in world.spans.get(("zhang", ON_TRIP.name), ())]
    rest = heard[again:]
    oldest = minute(min((when for when, _, _ in rest), default=0))
    later = World(Directory(), Catalogue())
    later.spans["zhang", ON_TRIP.name] = [row for row in rows if row.ended is None or row.ended >= oldest]
    for number, (when, kind, key) in enumerate(rest):
        event = Event(str(number), "test", f"x.{kind}", minute(when), "zhang", {"trip": key})
        (later.begin_state if kind == "started" else later.end_state)(ON_TRIP, event)
    for half in range(round((oldest - START).total_seconds() / 30), 2 * LAST + 3):
        found = later.in_state("zhang", ON_TRIP.name, minute(half / 2))
        assert (found is not None) == holds_naively(heard, half / 2), half / 2


def test_a_trip_that_was_started_twice_began_when_it_was_first_started():
    world = a_world(ON_TRIP, [(1, "started", "T-1"), (5, "started", "T-1"), (9, "ended", "T-1")])
    for moment in (1, 5, 8):
        assert world.in_state("zhang", ON_TRIP.name, minute(moment)).started == minute(1)
    assert world.in_state("zhang", ON_TRIP.name, minute(9)) is None


def test_the_end_of_one_trip_leaves_another_running():
    world = a_world(ON_TRIP, [(1, "started", "T-1"), (5, "started", "T-2"), (9, "ended", "T-1")])
    assert world.in_state("zhang", ON_TRIP.name, minute(10)).key == "T-2"


def test_a_trip_that_starts_and_ends_at_one_moment_does_not_go_on():
    world = a_world(ON_TRIP, [(3, "started", "T-1"), (3, "started", "T-1"), (3, "ended", "T-1")])
    assert world.in_state("zhang", ON_TRIP.name, minute(4)) is None


def test_a_shift_that_begins_as_the_one_before_ends_is_another_shift():
    world = a_world(ON_SHIFT, [(1, "started", ""), (5, "ended", ""), (5, "started", "")])
    assert world.in_state("zhang", ON_SHIFT.name, minute(6)).started == minute(5)
