"""Which step failed when a customer did not buy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tideng_followup.failed_step import (
    POINTS_AT,
    FailedStep,
    StepVisit,
    failed_step,
    points_at,
)

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOST = MONDAY + timedelta(days=10)


def after(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def passage(
    node: str, begins: float, within: float | None, took: float | None, owner: str = "maker", part: str = ""
) -> StepVisit:
    due = after(begins + within) if within is not None else None
    return StepVisit(node, part, owner, after(begins), due, after(begins + took) if took is not None else None)


ANSWER_IN_TIME = passage("answer", 0, 24, 20)
ANSWER_LATE = passage("answer", 0, 24, 31)
PROPOSAL_IN_TIME = passage("proposal", 31, 48, 48)
PROPOSAL_LATE = passage("proposal", 31, 48, 90)


def test_the_step_that_took_longest_beyond_its_deadline():
    assert failed_step([ANSWER_LATE, PROPOSAL_IN_TIME], "", LOST) == FailedStep(ANSWER_LATE, late=True)
    assert failed_step([ANSWER_LATE, PROPOSAL_LATE], "", LOST) == FailedStep(PROPOSAL_LATE, late=True)


def test_what_was_late_counts_before_what_the_customer_said():
    assert failed_step([ANSWER_LATE, PROPOSAL_IN_TIME], "price", LOST) == FailedStep(ANSWER_LATE, late=True)


def test_a_step_that_is_still_open_counts_up_to_the_moment_of_the_loss():
    waiting = passage("proposal", 31, 48, None)
    assert failed_step([ANSWER_LATE, waiting], "", LOST) == FailedStep(waiting, late=True)
    assert failed_step([ANSWER_IN_TIME, waiting], "", after(31 + 48)) is None, "at the deadline itself it is in time"
    assert failed_step([ANSWER_IN_TIME, waiting], "", after(31 + 48) + timedelta(seconds=1)) == FailedStep(
        waiting, late=True
    )


def test_of_a_joint_step_the_part_that_was_late():
    sales, product = (passage("proposal", 31, 48, took, owner, owner) for owner, took in (("zhang", 40), ("maker", 60)))
    assert failed_step([ANSWER_IN_TIME, sales, product], "", LOST) == FailedStep(product, late=True)


def test_where_no_step_was_late_the_reason_points():
    assert failed_step([ANSWER_IN_TIME, PROPOSAL_IN_TIME], "price", LOST) == FailedStep(PROPOSAL_IN_TIME, late=False)
    assert failed_step([ANSWER_IN_TIME, PROPOSAL_IN_TIME], "等答复等了很久", LOST) == FailedStep(
        ANSWER_IN_TIME, late=False
    )


def test_of_several_visits_the_last_one_is_looked_at():
    second = passage("answer", 30, 24, 5)
    assert failed_step([ANSWER_IN_TIME, second], "waiting", LOST) == FailedStep(second, late=False)


@pytest.mark.parametrize("reason", ["", "plans", "unknown", "酒店改建计划取消了", "moved abroad"])
def test_where_nothing_points_anywhere_no_step_is_named(reason):
    assert failed_step([ANSWER_IN_TIME, PROPOSAL_IN_TIME], reason, LOST) is None


def test_a_reason_that_points_at_a_step_nobody_came_to_names_none():
    assert failed_step([ANSWER_IN_TIME], "price", LOST) is None
    assert failed_step([], "price", LOST) is None


@pytest.mark.parametrize(
    ("reason", "node"),
    [
        *POINTS_AT.items(),
        ("价格太贵", "proposal"),
        ("Too expensive", "proposal"),
        ("No reply for a week", "answer"),
        ("slow to answer about the price", "answer"),
        ("后来没人联系", "follow_up"),
        ("nobody called back", "follow_up"),
        ("the replication failed", ""),  # no word of ours
    ],
)
def test_what_a_reason_speaks_of(reason, node):
    assert points_at(reason) == node
