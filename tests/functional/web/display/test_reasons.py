"""Triggers, limits and reasons of windows, as the pages say them."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from tideng_admin.display.reasons import limit_words, reason_lines, trigger_words

SINCE = "2026-03-02T10:00:00+08:00"


@pytest.fixture
def said(story):
    """Say something in one language, as a page would."""

    def say(language: str, words, *arguments):
        with story.app.test_request_context(), force_locale("zh_Hans" if language == "zh" else language):
            return words(*arguments)

    return say


def test_a_wait_and_a_set_are_said_in_both_languages(said):
    wait = {"event": "visit.completed", "wait": "10 minutes"}
    some = {"not_all": ["trip.started", "trip.ended"], "within": "2 hours", "match": "trip"}
    assert said("en", trigger_words, wait) == "10 minutes after the first of: Visit completed"
    assert said("zh", trigger_words, wait) == "第一次完成拜访之后 10 分钟"
    assert said("en", trigger_words, some) == "Not all of Trip started, Trip ended within 2 hours"
    assert said("zh", trigger_words, some).startswith("2 小时内没有来齐：")


def test_a_limit_says_everything_that_it_limits(said):
    limit = {"once_per": "60 minutes", "at_most": "2 per day", "by": "customer"}
    assert said("en", limit_words, limit) == "at most once in 60 minutes, at most 2 times a day, for each Customer"
    assert said("zh", limit_words, limit) == "60 分钟最多一次，每天最多 2 次，不同的客户分开算"
    assert said("en", limit_words, {"at_most": "3 times per month"}) == "at most 3 times a month"
    assert said("en", limit_words, {"once_per": "week"}) == "at most once a week"


def test_the_first_reason_tells_what_came_and_what_did_not(said):
    wait = {"part": "when", "fact": "visit.completed", "op": "wait", "operand": 3, "value": SINCE, "holds": True}
    operand = {"came": {"trip.started": SINCE}, "missing": ["trip.ended"]}
    some = wait | {"op": "not_all", "operand": operand, "fact": "trip.started"}
    lines = said("en", reason_lines, [wait, some])
    assert [line.sentence for line in lines] == [
        "Visit completed came, 3 in all by the end of the wait",
        "Trip started came, and no Trip ended in time",
    ]
    assert [line.state for line in said("zh", reason_lines, [wait, some])] == ["yes", "yes"]
