"""A replay hears many events together, and it never shows: what comes between them is judged between them."""

from __future__ import annotations

import pytest
from story import Story, an_event

from tideng.replay import run

VISIT = "visit.completed"


@pytest.fixture
def replayed(tmp_path, a_deployment):
    return Story(tmp_path / "client", "replay", a_deployment)


def day(*events):
    """(type, time) pairs of one Monday, each about zhang."""
    needed = {VISIT: {"customer": "c"}, "order.won": {"customer": "c"}, "need.raised": {"need": "n"}}
    return [an_event(name, f"2026-03-02 {when}", **needed[name]) for name, when in events]


PERIOD = {"start": "2026-03-02 00:00", "until": "2026-03-02 23:59"}


def test_what_a_rule_emits_has_happened_for_the_next_event(replayed):
    replayed.rule(
        """
        - {id: emits, kind: validation, when: {event: visit.completed}, then: [{emit: customer.lost}]}
        - id: counts
          kind: validation
          when: {event: order.won}
          if: {fact: metric.lost, gte: 1}
          then: [{mark: counted}]
          metrics: {lost: {count: customer.lost, window: today}}
        """
    )
    events = day(("order.won", "09:00"), (VISIT, "10:00"), ("order.won", "10:05"))
    assert replayed.tell(*events, **PERIOD) == ["10:00 emit", "10:05 mark counted"]


@pytest.mark.parametrize("due", ["after: 30 minutes", 'at: "10:30"'])
def test_a_later_step_does_not_see_what_came_after_it(replayed, due):
    replayed.rule(
        f"""
        id: ladder
        kind: escalation
        when: {{event: need.raised}}
        then: [{{mark: begun}}]
        later: [{{{due}, then: [{{mark: waited}}]}}]
        until: {{fact: metric.visits, gte: 1}}
        metrics: {{visits: {{count: visit.completed, window: today}}}}
        """
    )
    in_time = day(("need.raised", "10:00"), (VISIT, "10:30"))
    too_late = day(("need.raised", "10:00"), (VISIT, "10:31"), ("order.won", "10:40"))
    assert replayed.tell(*too_late, **PERIOD) == ["10:00 mark begun", "10:30 mark waited"]
    assert replayed.tell(*in_time, **PERIOD) == ["10:00 mark begun"]


def test_a_deadline_counts_what_had_happened_by_then(replayed):
    replayed.rule(
        """
        id: absence
        kind: escalation
        when: {event: need.raised, without: need.answered, within: 30 minutes, match: need}
        if: {fact: metric.visits, is: 0}
        then: [{mark: unanswered}]
        metrics: {visits: {count: visit.completed, window: today}}
        """
    )
    assert replayed.tell(*day(("need.raised", "10:00"), (VISIT, "10:31")), **PERIOD) == ["10:30 mark unanswered"]
    assert replayed.tell(*day(("need.raised", "10:00"), (VISIT, "10:30")), **PERIOD) == []


def test_events_without_a_sequel_are_heard_by_the_thousand(replayed, monkeypatch):
    replayed.rule("{id: seen, kind: validation, when: {event: visit.completed}, then: [{mark: seen}]}")
    sizes = []
    batch = run.Run._batch
    monkeypatch.setattr(run.Run, "_batch", lambda *given: sizes.append(batch(*given)) or sizes[-1])
    events = day(*((VISIT, f"{n // 60:02}:{n % 60:02}") for n in range(600)))
    assert len(replayed.tell(*events, **PERIOD)) == 600
    assert [len(one) for one in sizes] == [600]


def test_whoever_joins_in_a_zone_of_their_own_is_asked_from_then_on(replayed):
    replayed.people("mia,Mia,sales,rep,lead,America/Lima,en,,,2026-03-03,")
    replayed.rule(
        '{id: daily, kind: reminder, when: {every: day, at: "19:00"}, who: {fact: person.position, is: rep}, then: [{mark: asked}]}'
    )
    found = replayed.tell(start="2026-03-02 00:00", until="2026-03-04 12:00")
    assert found == ["19:00 mark asked"] * 3
