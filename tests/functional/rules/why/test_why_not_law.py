"""The law of why-not: whatever the rule and the history, it says "it did speak" exactly where the line spoke, and its tree
says what the closures say of the facts of that moment, which are those the line had."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import yaml
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from story import Story, a_report, an_event, at

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidBundle
from tideng.store.database import reading
from tideng_rules.document.model import Group
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.codegen import compile_condition
from tideng_rules.why.why_not import Question, why_not

PEOPLE = ("zhang", "lead")
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
_serial = itertools.count()


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda yes: {"fact": "person.on_trip", "is": yes}, st.booleans()),
        st.builds(lambda n: {"fact": "metric.reports_today", "is": n}, st.integers(0, 2)),
        st.builds(lambda n: {"fact": "metric.reports_week", "lt": n}, st.integers(1, 4)),
        st.builds(lambda op, n: {"fact": "metric.longest", op: n}, st.sampled_from(("gt", "lte")), st.integers(1, 9)),
        st.builds(lambda yes: {"fact": "metric.longest", "exists": yes}, st.booleans()),
        st.just({"fact": "person.position", "is": "rep"}),
        st.just({"fact": "metric.reports_week", "lt": {"fact": "target.visits_this_week", "times": 0.5}}),
    )


def conditions() -> st.SearchStrategy[Any]:
    def group(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        kinds, many = st.sampled_from(("all", "any", "none")), st.lists(items, min_size=1, max_size=3)
        return st.builds(lambda kind, found: {kind: found}, kinds, many)

    return st.recursive(leaves(), group, max_leaves=6)


def triggers() -> st.SearchStrategy[dict[str, Any]]:
    every = st.builds(lambda every: {"every": every, "at": "19:00"}, st.sampled_from(("day", "workday")))
    return st.one_of(every, every, st.just({"event": "report.submitted"}))


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": "the-rule",
        "kind": "reminder",
        "title": {"zh": "规则", "en": "The rule"},
        "when": draw(triggers()),
        "if": draw(conditions()),
        "then": [{"nudge": "hr", "message": {"zh": "看一下", "en": "Have a look"}}],
        "limit": {"once_per": draw(st.sampled_from(("day", "week", "occurrence", "2 days")))},
        "metrics": {
            "reports_week": {"count": "report.submitted", "window": "this week"},
            "longest": {"max": "report.submitted/needs.length", "window": "last 2 days"},
        },
    }


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[datetime, dict]]:
    """Reports and trips of three days; some come in hours late."""
    found, hours = [], draw(st.lists(st.integers(0, 60), max_size=6, unique=True))
    for n, hour in enumerate(hours):
        who, moment = draw(st.sampled_from(PEOPLE)), at("2026-03-02 07:00") + timedelta(hours=hour)
        when = moment.isoformat()
        arrives = (moment + timedelta(hours=draw(st.sampled_from((0, 0, 0, 1, 5))))).isoformat()
        if draw(st.booleans()):
            found.append(a_report(when, who, arrives=arrives, needs="x" * draw(st.integers(1, 9)), date="2026-03-02"))
        else:
            kind = draw(st.sampled_from(("trip.started", "trip.ended")))
            found.append(an_event(kind, when, who, arrives=arrives, trip=f"t{n % 2}"))
    return found


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=rules(), history=histories())
def test_it_says_that_it_spoke_exactly_where_it_did(tmp_path, a_deployment, document, history):
    folder = tmp_path / f"told-{next(_serial)}"
    story = Story(folder / "client", "live sqlite", lambda url, **more: a_deployment(url, **{**more, "folder": folder}))
    story.rule(yaml.safe_dump(document, allow_unicode=True))
    try:
        story.begin("2026-03-02 06:00")
    except InvalidBundle:
        reject()  # a rule that can never hold, or always does, is refused
    story.live(*history, until="2026-03-05 06:00")
    said = {(one.subject, one.at): one for one in story.stored()}
    deployment = story.deployment
    assert deployment is not None
    rule = parse_rule(document, deployment.catalogue)
    judge = compile_condition(Group("all", (rule.who, rule.if_)))
    if "every" in document["when"]:
        moments = [(who, at(f"{day} 19:00")) for who in PEOPLE for day in DAYS]
    else:
        moments = [
            (one["subject"], datetime.fromisoformat(one["time"])) for _, one in history if "report" in one["type"]
        ]
    with reading(deployment.engine) as connection:
        for who, moment in moments:
            answer = why_not(deployment, connection, Viewer.system(), Question("the-rule", who, moment))
            here = (who, moment)
            assert answer.at == moment, answer
            assert answer.spoke == (here in said), answer.sentences("en")
            assert (answer.deciding is None) is answer.spoke, answer.checks
            assert "None" not in " ".join(answer.sentences("en") + answer.sentences("zh"))
            if answer.facts_known:
                assert answer.holds is judge(answer.facts)
            if answer.deciding and answer.deciding.what == "conditions":
                assert not judge(answer.facts)
            if answer.deciding:
                assert answer.deciding.what != "record", answer.sentences("en")
            if here in said and all(
                when <= moment for when, one in history if datetime.fromisoformat(one["time"]) <= moment
            ):
                known = {reason["fact"]: reason["value"] for reason in said[here].why}
                assert {name: answer.facts.get(name) for name in known} == known
    deployment.close()


def test_the_law_would_be_broken_by_a_past_that_looks_ahead(lived):
    """What happened after the moment is not known at it: the guard of the law above, by one example."""
    lived.rule(
        """
        id: the-rule
        kind: reminder
        when: {every: day, at: "19:00"}
        if: {fact: metric.reports_today, is: 0}
        then: [{nudge: person, message: {zh: 还没写, en: Still open}}]
        """
    )
    lived.begin("2026-03-02 06:00")
    lived.live(a_report("2026-03-02 20:00"), until="2026-03-03 06:00")
    with reading(lived.deployment.engine) as connection:
        answer = why_not(
            lived.deployment, connection, Viewer.system(), Question("the-rule", "zhang", at("2026-03-02 19:00"))
        )
    assert answer.spoke
    assert answer.facts["metric.reports_today"] == 0


def test_an_event_that_comes_in_late_may_find_the_limit_used_up_by_a_later_one(lived):
    lived.rule(
        """
        id: the-rule
        kind: reminder
        when: {event: report.submitted}
        if: {fact: person.position, is: rep}
        then: [{nudge: hr, message: {zh: 看一下, en: Have a look}}]
        limit: {once_per: day}
        """
    )
    lived.begin("2026-03-02 06:00")
    lived.live(
        a_report("2026-03-03 07:00"),
        a_report("2026-03-03 06:00", arrives="2026-03-03 11:00"),
        until="2026-03-03 12:00",
    )
    assert len(lived.stored()) == 1
    with reading(lived.deployment.engine) as connection:
        answer = why_not(
            lived.deployment, connection, Viewer.system(), Question("the-rule", "zhang", at("2026-03-03 06:00"))
        )
    assert answer.at == at("2026-03-03 06:00")
    assert answer.deciding.what == "limit"
    assert "07:00" in answer.answer["en"]
