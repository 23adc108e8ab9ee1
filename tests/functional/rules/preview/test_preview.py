"""A preview says what a change of rules would have meant over the history of a deployment, and changes nothing."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest
import yaml
from sqlalchemy import func, select
from story import BEIJING, Story, a_report, a_trip, an_event, at

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, Refused
from tideng.replay.stored_history import StoredHistory
from tideng.store.database import reading
from tideng.store.tables import (
    AgendaRow,
    EventRow,
    FindingRow,
    MetricDayRow,
    OutboxRow,
)
from tideng_rules.document.parser import parse_rule
from tideng_rules.preview.run import Cancelled, Proposal, preview

EVENING = """\
id: evening
kind: reminder
title: {zh: 日报, en: Report}
why: {zh: 便于支援, en: Helps your lead help you}
when: {every: workday, at: "19:00"}
who: {fact: person.on_trip, is: true}
if: {fact: metric.reports_today, is: 0}
then:
  - nudge: person
    message: {zh: 日报还没写。, en: The report is still open.}
metrics: {reports_today: {count: report.submitted, window: today}}
examples: []
"""
HR = Viewer("hr", "hr", frozenset({"hr"}))


def rule(text=EVENING, **changed):
    return parse_rule({**yaml.safe_load(textwrap.dedent(text)), **changed})


@pytest.fixture
def march(tmp_path, a_deployment):
    """Zhang on a trip from Monday 2 to Friday 6 March; he reports on Tuesday at 18:00 and on Wednesday at 20:00."""
    story = Story(tmp_path / "client", "live", a_deployment)
    story.rule(EVENING)
    story.begin("2026-03-01 12:00")
    story.live(
        a_trip("2026-03-02 09:00"),
        a_report("2026-03-03 18:00"),
        a_report("2026-03-04 20:00"),
        an_event("trip.ended", "2026-03-06 12:00", trip="t1"),
        until="2026-03-08 12:00",
    )
    return story


def previewed(story, *drafts, start="2026-03-01 12:00", until="2026-03-08 12:00", viewer=HR, dropped=(), **more):
    with reading(story.deployment.engine) as connection:
        return preview(
            StoredHistory(story.deployment, connection), viewer, Proposal(drafts, dropped), at(start), at(until), **more
        )


def days(found):
    return [one.at.astimezone(BEIJING).day for one in found]


def test_without_a_change_everything_is_the_same_as_it_was(march):
    assert [row.at.astimezone(BEIJING).day for row in march.stored()] == [2, 4, 5]
    found = previewed(march)
    assert (found.counts, found.findings) == ({"new": 0, "gone": 0, "same": 3}, [])
    assert found.before == found.after
    assert found.after.messages == 3


def test_a_later_hour_drops_who_has_reported_by_then_and_says_what_stays(march):
    found = previewed(march, rule(when={"every": "workday", "at": "21:00"}))
    assert (days(found.of_status("gone")), days(found.of_status("same"))) == ([4], [2, 5])
    assert {one.differs for one in found.of_status("same")} == {("time",)}
    assert (found.before.messages, found.after.messages, found.reworded) == (3, 2, 2)
    assert found.rules == {"evening": {"new": 0, "gone": 1, "same": 2}}


def test_other_words_are_the_same_finding_worded_differently(march):
    words = [{"nudge": "person", "message": {"zh": "写日报吧。", "en": "Three minutes for today's report?"}}]
    found = previewed(march, rule(then=words))
    assert found.counts == {"new": 0, "gone": 0, "same": 3}
    assert {one.differs for one in found.findings} == {("message",)}


def test_a_new_rule_is_all_new_and_the_others_stay_beside_it(march):
    found = previewed(march, rule(id="noon", when={"every": "workday", "at": "12:00"}))
    assert days(found.of_status("new")) == [2, 3, 4, 5]
    assert found.counts == {"new": 4, "gone": 0, "same": 3}
    assert (found.before.per_day, found.after.most, found.after.median) == (
        {date(2026, 3, 2): 1, date(2026, 3, 4): 1, date(2026, 3, 5): 1},
        2,
        2.0,
    )
    assert found.after.histogram == {1: 1, 2: 3}
    assert found.after.most_told == [("zhang", 7)]
    assert found.most_people_a_day == {"noon": 1}
    assert found.figures("noon")["most_people_a_day"] == 1


def test_a_rule_taken_out_of_force_is_all_gone(march):
    found = previewed(march, dropped=["evening", "unheard of"])
    assert (found.counts, found.after.people) == ({"new": 0, "gone": 3, "same": 0}, 0)
    assert found.changed == ("evening",)


def test_a_rule_that_hears_what_a_draft_emits_is_compared_too(march):
    says = [{"emit": "support.offered"}]
    hears = rule(id="offered", when={"event": "support.offered"}, who=[], **{"if": []}, metrics={})
    with reading(march.deployment.engine) as connection:
        history = StoredHistory(march.deployment, connection)
        before = [rule(), hears]
        from tideng_rules.engine.rulebook import Published

        against = [Published(one) for one in before]
        period = (at("2026-03-01 12:00"), at("2026-03-08 12:00"))
        found = preview(history, HR, Proposal([rule(then=says)], against=against), *period)
    assert found.rules["offered"] == {"new": 3, "gone": 0, "same": 0}


def test_a_night_rule_is_held_until_the_morning_and_the_preview_says_so(march):
    found = previewed(march, rule(when={"every": "workday", "at": "23:00"}))
    assert found.after.held == {"quiet hours": 2}
    assert list(found.after.per_day) == [date(2026, 3, 3), date(2026, 3, 6)]


def test_nothing_is_written_and_the_running_rules_are_left_alone(march):
    tables = (EventRow, FindingRow, OutboxRow, AgendaRow, MetricDayRow)

    def counted():
        return [march.rows(select(func.count()).select_from(table))[0][0] for table in tables]

    plugin = march.deployment.plugins.get("rules")
    before, book = counted(), plugin.book
    previewed(march, rule(id="noon", when={"every": "workday", "at": "12:00"}))
    assert (counted(), plugin.book is book) == (before, True)


def test_what_happened_before_the_period_still_counts(march):
    found = previewed(march, start="2026-03-04 00:00")
    assert found.counts["same"] == 2, "the trip began before, and lasts"


def test_progress_grows_to_one_and_can_be_ended(march):
    shares = []
    previewed(march, rule(when={"every": "workday", "at": "21:00"}), progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    with pytest.raises(Cancelled):
        previewed(march, rule(), progress=lambda share: share < 0.3)


@pytest.mark.parametrize("role", ["hr", "auditor", "implementer", "admin"])
def test_whoever_may_read_rules_may_preview_them(march, role):
    assert previewed(march, viewer=Viewer("x", "", frozenset({role}))).counts["same"] == 3


@pytest.mark.parametrize("role", ["supervisor", "member"])
def test_nobody_else_may(march, role):
    with pytest.raises(NotAllowed):
        previewed(march, viewer=Viewer("x", "zhang", frozenset({role})))


def test_a_period_that_ends_before_it_begins_is_refused(march):
    with pytest.raises(Refused):
        previewed(march, start="2026-03-08 12:00", until="2026-03-01 12:00")


def test_what_is_handed_on_as_json_says_all_of_it(march):
    said = previewed(march, rule(when={"every": "workday", "at": "21:00"})).to_json()
    assert said["counts"] == {"new": 0, "gone": 1, "same": 2}
    assert said["after"]["per_day"] == {"2026-03-02": 1, "2026-03-05": 1}
    assert said["after"]["most_told"] == [{"person": "zhang", "messages": 2}]
    assert [one["status"] for one in said["findings"]] == ["same", "gone", "same"]


def test_what_rules_emitted_live_is_not_counted_a_second_time(tmp_path, a_deployment):
    story = Story(tmp_path / "client", "live", a_deployment)
    story.rule(
        """
        - {id: emits, kind: validation, when: {event: visit.completed}, then: [{emit: customer.lost}]}
        - id: counts
          kind: validation
          when: {event: order.won}
          if: {fact: metric.lost, is: 1}
          then: [{mark: counted}]
          metrics: {lost: {count: customer.lost, window: this month}}
        """
    )
    story.begin("2026-03-01 12:00")
    visit = an_event("visit.completed", "2026-03-02 10:00", customer="c")
    story.live(visit, an_event("order.won", "2026-03-03 10:00", customer="c"), until="2026-03-04 12:00")
    assert [row.rule for row in story.stored()] == ["emits", "counts"]
    assert previewed(story, until="2026-03-04 12:00").counts == {"new": 0, "gone": 0, "same": 2}
    later = previewed(story, start="2026-03-03 00:00", until="2026-03-04 12:00")
    assert later.counts["same"] == 1, "what was emitted before the period is part of its history"
