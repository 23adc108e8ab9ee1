"""Every status and reason has a title in each language, so that no list, page or command meets one without words."""

from __future__ import annotations

import pytest

from tideng.model.statuses import (
    DROPPED_TITLES,
    EVENT_TITLES,
    HELD_TITLES,
    MESSAGE_TITLES,
    NUDGE_TITLES,
    DroppedReason,
    EventStatus,
    HeldReason,
    MessageStatus,
    NudgeStatus,
    dropped_title,
    held_title,
)

TABLES = {
    MessageStatus: MESSAGE_TITLES,
    EventStatus: EVENT_TITLES,
    NudgeStatus: NUDGE_TITLES,
    HeldReason: HELD_TITLES,
    DroppedReason: DROPPED_TITLES,
}


@pytest.mark.parametrize("statuses", TABLES, ids=lambda one: one.__name__)
def test_each_has_a_title_in_chinese_and_in_english(statuses):
    assert set(TABLES[statuses]) == set(statuses)
    assert all(set(title) == {"zh", "en"} and all(title.values()) for title in TABLES[statuses].values())


@pytest.mark.parametrize(("word", "status"), [("waiting", 0), ("judged", 1), ("failed", 2)])
def test_the_numbers_and_words_of_events_stay_as_they_are_stored(word, status):
    assert (EventStatus.of_word(word), EventStatus(status).word) == (status, word)


def test_a_word_that_is_no_status_of_an_event_is_none():
    assert EventStatus.of_word("sent") is None


def test_what_hr_wrote_is_shown_as_they_wrote_it():
    assert dropped_title("hr1: they know it")["en"] == "hr1: they know it"


def test_a_reason_from_a_newer_version_is_shown_as_it_is_stored():
    assert held_title("full moon") == {"zh": "full moon", "en": "full moon"}
