"""A version that is tried, beside the weeks before it, each with how many steps there were."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.plugins.processes.measurement.test_estimates import by, within
from tests.plugins.processes.measurement.test_statistics import DAY, DIRECTORY, HOUR, HR, LEAD, NOW, Desk, desk
from tideng.store.database import reading
from tideng_processes.measurement.trial_comparison import (
    FEWER,
    MORE,
    TOO_FEW,
    UNCLEAR,
    Comparison,
    Side,
    TrialComparison,
    compare_trial,
    difference,
)
from tideng_processes.publication.trials import Trial

__all__ = ["desk"]
BEGAN = NOW - 10 * DAY
TRIAL = Trial("need", 2, 1, "hr", BEGAN, BEGAN + 14 * DAY, None, "", "")
OLD, NEW = by(within(24)), by(within(36))


def of(desk: Desk, viewer=HR, old=OLD, new=NEW) -> TrialComparison:
    with reading(desk.engine) as connection:
        return compare_trial(connection, viewer, DIRECTORY, NOW, TRIAL, old, new)


def steps(desk: Desk, in_time: int, late: int, version: int = 1, ago: timedelta = 15 * DAY, **more) -> None:
    for number in range(in_time + late):
        desk.a_step(ago=ago, took=(2 if number < in_time else 50) * HOUR, version=version, **more)


def test_both_sides_are_counted_with_how_many_there_were(desk):
    steps(desk, 5, 3)
    steps(desk, 4, 1, version=2, ago=5 * DAY)
    assert of(desk).nodes == {"answer": Comparison(Side(8, 5), Side(5, 4))}
    assert of(desk).all == Comparison(Side(8, 5), Side(5, 4))


def test_what_runs_on_an_older_version_during_the_trial_is_on_neither_side(desk):
    steps(desk, 1, 1, ago=5 * DAY)
    steps(desk, 1, 1, ago=60 * DAY)
    assert of(desk).all == Comparison()


def test_a_step_whose_deadline_is_still_to_come_is_not_counted_and_an_open_one_past_it_is_late(desk):
    desk.a_step(ago=2 * HOUR, took=HOUR, version=2)
    desk.a_step(ago=4 * DAY, took=None, version=2)
    assert of(desk).all.tried == Side(1, 0)


def test_only_steps_that_are_otherwise_stand_by_themselves(desk):
    old = replace(OLD, nodes={**OLD.nodes, "ask": replace(OLD.nodes["answer"], id="ask")})
    new = replace(NEW, nodes={**NEW.nodes, "ask": old.nodes["ask"]})
    steps(desk, 2, 0)
    steps(desk, 3, 0, node="ask")
    found = of(desk, old=old, new=new)
    assert (set(found.nodes), found.all.before) == ({"answer"}, Side(5, 5))


def test_a_supervisor_sees_the_sides_of_their_own_team(desk):
    steps(desk, 2, 0)
    steps(desk, 2, 0, person="li")
    assert (of(desk, LEAD).all.before.due, of(desk).all.before.due) == (2, 4)


@pytest.mark.parametrize(
    ("before", "tried", "says"),
    [
        (Side(41, 29), Side(4, 4), TOO_FEW),
        (Side(3, 0), Side(40, 40), TOO_FEW),
        (Side(41, 29), Side(9, 8), UNCLEAR),
        (Side(41, 29), Side(41, 40), MORE),
        (Side(41, 40), Side(41, 25), FEWER),
        (Side(5, 5), Side(5, 5), UNCLEAR),
    ],
)
def test_a_difference_is_told_only_where_it_is_hardly_chance(before, tried, says):
    assert Comparison(before, tried).says == says


def test_the_bounds_are_those_of_newcombe_s_paper():
    """Statistics in Medicine 17 (1998), table II, method 10: 56/70 against 48/80, and 9/10 against 3/10."""
    least, most = difference(Side(80, 48), Side(70, 56))
    assert (round(least, 4), round(most, 4)) == (0.0524, 0.3339)
    least, most = difference(Side(10, 3), Side(10, 9))
    assert (round(least, 4), round(most, 4)) == (0.1705, 0.8090)


@pytest.mark.parametrize("count", [1, 12])
def test_one_statement_however_many_steps(desk, count):
    steps(desk, count, 0)
    steps(desk, count, 0, version=2, ago=5 * DAY)
    asked: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert of(desk).all == Comparison(Side(count, count), Side(count, count))
    assert len([one for one in asked if "SELECT" in one]) == 1
