"""The book: what rules want to be asked, and what they answer."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.unit.rules.builders import NOON, a_book, a_catalogue, a_document, a_situation, nudge, on_report
from tideng.model.judge_contract import Situation
from tideng_rules.document.evaluation import EventCondition
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.faults import Trouble
from tideng_rules.engine.rulebook import FAULTS_IN_A_ROW, Book, Published

LADDER = a_document(
    later=[{"at": "21:00", "then": [{"mark": "incomplete"}, nudge("supervisor")]}],
    until={"fact": "metric.reports_today", "gte": 1},
)


def actions(findings) -> list[tuple[str, ...]]:
    return [(f.rule, *(f"{d.action} {d.to}".strip() for d in f.deeds)) for f in findings]


def test_a_watch_names_every_fact_and_metric_the_rule_reads():
    then = [{"nudge": "person", "message": {"zh": "{person.name} {metric.visits_this_week}", "en": "Hello"}}]
    peers = {"fact": "metric.own", "lt": {"fact": "peers.own"}}
    own = {"own": {"count": "trip.ended", "window": "today"}}
    watch = a_book(a_document(if_=peers, then=then, metrics=own, examples=None)).watches()[0]
    assert watch.needs == {"person.on_trip", "metric.own", "peers.own", "person.name", "metric.visits_this_week"}
    assert {name: metric.window for name, metric in watch.metrics.items()} == {
        "own": "today",
        "visits_this_week": "this week",
    }
    assert watch.until_needs is None


def test_the_book_compiles_every_where_and_keeps_what_it_says():
    long = {"fact": "event.needs.length", "gte": 100}
    when = {"event": "report.submitted", "wait": "10 minutes", "where": long}
    own = {"own": {"count": "report.submitted", "where": long, "window": "today"}}
    rule = on_report("waits", when=when, if_={"fact": "metric.own", "gte": 1}, metrics=own)
    written, watch = parse_rule(rule), a_book(rule).watches()[0]
    assert watch.trigger == written.trigger  # rules with equal triggers are judged together
    for before, after in (
        (written.trigger.where.holds, watch.trigger.where.holds),
        (written.metrics["own"].series.where, watch.metrics["own"].series.where),
    ):
        assert isinstance(before, EventCondition)
        assert not isinstance(after, EventCondition)
        assert [after({"event.needs.length": n}) for n in (99, 100, None)] == [False, True, False]


def test_until_needs_hold_what_until_and_the_later_messages_read():
    later = [{"at": "21:00", "then": [{"nudge": "supervisor", "message": {"zh": "{person.name}", "en": "Hello"}}]}]
    watch = a_book(LADDER | {"later": later}).watches()[0]
    assert watch.until_needs == {"metric.reports_today", "person.name"}
    assert len(watch.steps) == 1


def test_a_rule_speaks_with_its_reasons():
    facts = {"person__on_trip": True, "metric__reports_today": 0}
    finding = a_book(a_document()).judge([a_situation("rule:report-missing", **facts)])[0]
    assert actions([finding]) == [("report-missing", "nudge person")]
    assert [(r.part, r.fact, r.value, r.operand, r.holds) for r in finding.why] == [
        ("who", "person.on_trip", True, True, True),
        ("if", "metric.reports_today", 0, 0, True),
    ]


def test_every_rule_of_an_event_answers_and_knows_its_situation():
    book = a_book(on_report("a", if_={"fact": "event.x", "gt": 1}), on_report("b", if_={"fact": "event.x", "gt": 2}))
    findings = book.judge([a_situation("event:report.submitted", event__x=x) for x in (1, 2, 3)])
    assert [(f.situation, f.rule) for f in findings] == [(1, "a"), (2, "a"), (2, "b")]


def test_a_later_step_speaks_unless_until_holds():
    book = a_book(LADDER)
    silent = book.judge([a_situation("step:report-missing", 1, 1, metric__reports_today=1)])
    speaks = book.judge([a_situation("step:report-missing", 1, 1, metric__reports_today=0)])
    assert silent == []
    assert actions(speaks) == [("report-missing", "mark", "nudge supervisor")]


def test_until_is_answered_without_actions_when_it_holds():
    book = a_book(LADDER)
    answers = book.judge([a_situation("until:report-missing", 0, 1, metric__reports_today=n) for n in (0, 1)])
    assert [(f.situation, f.deeds, f.why[0].part) for f in answers] == [(1, (), "until")]


def test_a_finding_stands_when_its_conditions_still_hold():
    book = a_book(LADDER)
    facts = {"person__on_trip": True}
    assert book.judge([a_situation("stands:report-missing", 0, 1, metric__reports_today=0, **facts)])
    assert not book.judge([a_situation("stands:report-missing", 0, 1, metric__reports_today=1, **facts)])


def test_a_ladder_finishes_on_the_version_that_started_it():
    old = Published(parse_rule(LADDER), 1)
    newer = Book([Published(parse_rule(a_document()), 2)], a_catalogue(), load=lambda r, v: old if v == 1 else None)
    assert newer.judge([a_situation("step:report-missing", 1, 2, metric__reports_today=0)]) == []
    findings = newer.judge([a_situation("step:report-missing", 1, 1, metric__reports_today=0)])
    assert [(f.version, len(f.deeds)) for f in findings] == [(1, 2)]
    assert newer.watch("report-missing", 1).steps
    assert newer.watch("report-missing", 9) is None


def test_an_absence_of_an_older_version_is_judged_by_that_version():
    when = {"event": "trip.started", "without": "trip.ended", "within": "2 days", "match": "trip"}
    old = Published(parse_rule(a_document(when=when, who=None, if_={"fact": "event.x", "is": 1}, examples=None)), 1)
    new = Published(parse_rule(a_document(when=when, who=None, if_={"fact": "event.x", "is": 2}, examples=None)), 2)
    book = Book([new], a_catalogue(), load=lambda rule, version: old if version == 1 else None)
    asked = [a_situation("rule:report-missing", 0, version, event__x=1) for version in (1, 2)]
    assert [(f.situation, f.version) for f in book.judge(asked)] == [(0, 1)]


def test_what_one_rule_infers_another_may_read_in_the_same_situation():
    first = on_report(
        "z-first", if_={"fact": "event.x", "is": 1}, then=[{"infer": "found.a", "because": "x is {event.x}"}]
    )
    second = on_report("m-second", if_={"fact": "found.a", "is": True}, then=[{"infer": "found.b", "because": "a"}])
    third = on_report("a-third", if_={"fact": "found.b", "is": True})
    book = a_book(first, second, third)
    findings = book.judge([a_situation("event:report.submitted", event__x=x) for x in (1, 2)])
    assert [(f.situation, f.rule) for f in findings] == [(0, "z-first"), (0, "m-second"), (0, "a-third")]
    assert findings[0].deeds[0].data["because"] == {"en": "x is 1"}
    assert findings[2].why[0].value is True


def test_scheduled_rules_share_inferences_when_they_speak_at_the_same_time():
    infers = a_document(id="infers", who=None, then=[{"infer": "found.late", "because": "x"}], examples=None)
    reads = a_document(id="reads", who=None, if_={"fact": "found.late", "is": True}, examples=None)
    book = a_book(infers, reads)
    assert book.watch("reads", 1).needs == {"found.late", "metric.reports_today"}
    assert [f.rule for f in book.judge([a_situation("rule:reads", metric__reports_today=0)])] == ["reads"]
    assert book.judge([a_situation("rule:reads", metric__reports_today=1)]) == []


def test_the_more_important_rule_has_the_higher_priority():
    book = a_book(on_report("a", if_=None), on_report("b", if_=None, priority=5))
    assert {f.rule: f.priority for f in book.judge([a_situation("event:report.submitted")])} == {"a": 0, "b": 5}


class Unreadable:
    """A value that raises whenever it is compared."""

    def __eq__(self, other):
        raise RuntimeError("cannot be compared")

    __hash__ = None


def test_a_rule_that_raises_is_set_aside_alone_after_ten_in_a_row():
    book = a_book(on_report("bad", if_={"fact": "event.bad", "is": "x"}), on_report("good", if_=None))
    bad = Situation("event:report.submitted", "p", NOON, {"event.bad": Unreadable()})
    fine = Situation("event:report.submitted", "p", NOON, {"event.bad": "y"})
    for _ in range(FAULTS_IN_A_ROW - 1):
        assert [f.rule for f in book.judge([bad])] == ["good"]
    book.judge([fine])  # not in a row any more
    assert book.quarantined == {}
    for _ in range(FAULTS_IN_A_ROW):
        assert [f.rule for f in book.judge([bad])] == ["good"]
    assert list(book.quarantined) == ["bad"]
    assert book.quarantined["bad"] == Trouble("raised", "RuntimeError", ("event.bad",))  # never the error's own words
    assert [watch.rule for watch in book.watches()] == ["good"]


def test_the_engine_is_passed_in_and_made_when_first_needed():
    made = []

    def make(questions, on_fault):
        made.append(sorted(questions))
        return ClosureMatcher(questions, on_fault)

    book = a_book(a_document(), on_report(if_=None), make_matcher=make)
    assert made == []
    book.judge([a_situation("event:report.submitted")])
    assert made == [["event:report.submitted", "rule:report-missing"]]


def test_a_new_rule_is_not_asked_about_the_past():
    since = datetime(2026, 3, 2, tzinfo=UTC)
    assert Book([Published(parse_rule(a_document()), 1, since)], a_catalogue()).watches()[0].since == since


def test_a_question_about_an_unknown_rule_is_answered_with_silence():
    kinds = ("event:x.y", "rule:nobody", "step:nobody", "until:nobody", "stands:nobody")
    assert a_book(a_document()).judge([a_situation(kind, 1, 1) for kind in kinds]) == []
