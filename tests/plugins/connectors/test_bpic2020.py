"""The real logs: what our reader hands on gives the figures that an independent count gives."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.plugins.connectors.counting import PUBLISHED, QUESTIONS, SAMPLE, absences, cases_of
from tests.plugins.connectors.test_files import Formats
from tideng.intake.event_files import read_all
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event
from tideng_connectors.xes_reader import type_of
from tideng_rules.document.parser import parse_rule
from tideng_rules.packaging.rule_files import read_rules

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "clients" / "bpic2020"
FULL = Path(os.environ.get("TIDENG_BPIC2020") or ROOT.parent / "shared" / "data" / "bpic2020")
EVENTS = {"DomesticDeclarations": (1531, 55_628), "PermitLog": (3693, 81_092)}


def full(log: str) -> Path:
    path = FULL / f"{log}.xes.gz"
    if not path.exists():
        pytest.skip(f"the full logs are not here: put them into {FULL}, or name their folder in TIDENG_BPIC2020")
    return path


def read(path: Path) -> list[Event]:
    events, refused = read_all([path], Catalogue(), Formats())
    assert refused == []
    assert events == sorted(events, key=lambda event: event.time)
    return events


def as_cases(events: list[Event]) -> list[list[tuple[str, object]]]:
    cases: dict[str, list] = {}
    for event in events:
        cases.setdefault(event.case, []).append((event.type, event.time))
    return list(cases.values())


def counts(log: str, cases: list, name=lambda activity: activity) -> dict[str, int]:
    return {
        rule: absences(cases, name(a), [name(one) for one in b], days)
        for rule, (of, a, b, days) in QUESTIONS.items()
        if of == log
    }


@pytest.mark.parametrize("log", EVENTS)
def test_the_sample_gives_what_an_independent_count_gives(log):
    path = CLIENT / "events" / f"{log}.xes.gz"
    events = read(path)
    expected = {rule: SAMPLE[rule] for rule in SAMPLE if QUESTIONS[rule][0] == log}
    assert len(events) == EVENTS[log][0]
    assert counts(log, cases_of(path)) == expected == counts(log, as_cases(events), type_of)


@pytest.fixture(scope="module", params=EVENTS)
def full_log(request):
    """The name of a log and all of its events, read once."""
    return request.param, read(full(request.param))


@pytest.mark.slow
def test_the_full_log_gives_the_published_figures(full_log):
    log, events = full_log
    expected = {rule: PUBLISHED[rule] for rule in PUBLISHED if QUESTIONS[rule][0] == log}
    assert len(events) == EVENTS[log][1]
    assert counts(log, as_cases(events), type_of) == expected


@pytest.mark.slow
def test_the_sample_holds_whole_cases_of_the_full_log_unchanged(full_log):
    log, events = full_log
    whole = {event.id: event for event in events}
    sample = read(CLIENT / "events" / f"{log}.xes.gz")
    assert all(whole[event.id] == event for event in sample)
    cases = {event.case for event in sample}
    assert sum(event.case in cases for event in whole.values()) == len(sample)


def test_the_four_rules_ask_exactly_the_four_questions():
    rules = [parse_rule(document) for path in (CLIENT / "rules").glob("*.yaml") for document in read_rules(path)]
    asked = {rule.id: rule.trigger for rule in rules}
    assert set(asked) == set(QUESTIONS)
    for name, (_, a, b, days) in QUESTIONS.items():
        trigger = asked[name]
        assert (trigger.event_type, list(trigger.without)) == (type_of(a), [type_of(one) for one in b])
        assert trigger.within.elapsed == timedelta(days=days)
        assert trigger.match == "case"
        assert not trigger.working
    assert all(rule.about == "case" and rule.kind == "escalation" for rule in rules)


def test_the_independent_count_itself_keeps_to_the_letter_of_the_meaning():
    start = read(CLIENT / "events" / "PermitLog.xes.gz")[0].time
    day = timedelta(days=1)

    def count(*case, end=30):
        return absences(
            [[(name, start + days * day) for name, days in case], [("end", start + end * day)]], "A", ["B"], 7
        )

    assert count(("A", 0), ("B", 7)) == 0
    assert count(("A", 0), ("B", 8)) == 1
    assert count(("A", 0), ("B", 0)) == 0
    assert count(("B", 0), ("A", 1)) == 1
    assert count(("A", 0), ("A", 1)) == 2
    assert count(("A", 0), ("A", 5), ("B", 9)) == 1
    assert count(("A", 24), end=30) == 0
    assert count(("A", 23), end=30) == 1
