"""What the check says of a rule's logic, its neighbours, circles, recipients, languages and examples."""

from __future__ import annotations

import pytest

from tests.unit.rules.builders import a_catalogue, a_document, nudge, on_report
from tideng.org.directory import Assignment, Directory
from tideng_rules.check.run import Checker, check, check_document
from tideng_rules.document.parser import parse_rule

REPORTS = "metric.reports_today"


def codes(*documents, **options) -> dict[str, tuple[str, str]]:
    """Code → (place, problem with its way out)."""
    problems = check([parse_rule(one) for one in documents], a_catalogue(), **options)
    return {p.code: (p.at, f"{p.problem} ({p.hint})") for p in problems}


def quiet(*documents, **options) -> set[str]:
    return set(codes(*documents, **options)) - {"no-examples", "examples-never-silent"}


# -- one rule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"if_": [{"fact": REPORTS, "lt": 3}, {"fact": REPORTS, "gt": 5}]}, "never-true-together", "if[1]"),
        ({"if_": {"fact": REPORTS, "lt": 0}}, "never-true", "if"),
        (
            {"if_": {"fact": "person.on_trip", "is": False}},
            "never-true-together",
            "if",
        ),  # `who` asks for those on a trip
        ({"if_": {"any": [{"fact": REPORTS, "is": 0}, {"fact": REPORTS, "lt": 0}]}}, "dead-branch", "if.any[1]"),
        ({"if_": {"fact": REPORTS, "gte": 0}}, "always-true", "if"),
        ({"until": {"fact": REPORTS, "gte": 0}}, "until-always", "until"),
        ({"until": {"fact": REPORTS, "lt": 0}}, "until-never", "until"),
        ({"until": {"fact": REPORTS, "is": 0}}, "until-at-once", "until"),
    ],
)
def test_a_condition_that_cannot_matter_is_named(changes, code, place):
    later = [{"at": "21:00", "then": [nudge("hr")]}] if "until" in changes else None
    at, _ = codes(a_document(examples=None, later=later, **changes))[code]
    assert at == f"report-missing: {place}"


def test_a_missing_fact_makes_two_opposites_no_certainty():
    open_ = {"any": [{"fact": "event.amount", "lt": 5}, {"fact": "event.amount", "gte": 5}]}
    asked = {"any": [{"fact": "event.amount", "exists": True}, {"fact": "event.amount", "exists": False}]}
    assert "always-true" not in codes(on_report(when={"event": "order.won"}, if_=open_))
    assert "always-true" in codes(on_report(when={"event": "order.won"}, if_=asked))


def test_a_step_after_the_next_round_and_steps_out_of_order_are_named():
    later = [{"after": "2 days", "then": [nudge("hr")]}, {"after": "1 hour", "then": [nudge("hr")]}]
    found = codes(a_document(later=later))
    assert found["step-too-late"][0] == "report-missing: later[0].after"
    assert found["step-order"][0] == "report-missing: later[1].after"


# -- two rules -----------------------------------------------------------------------------------------------------
SHORT = {"fact": "event.needs.length", "lt": 100}
SHORTER = {"fact": "event.needs.length", "lt": 50}


def test_the_same_rule_twice_names_the_other():
    at, problem = codes(on_report("one", if_=SHORT), on_report("two", if_=[SHORT]))["duplicate"]
    assert at == "two"
    assert "'one'" in problem


def test_a_rule_within_another_is_named_whichever_comes_first():
    assert "'wide'" in codes(on_report("wide", if_=SHORT), on_report("narrow", if_=SHORTER))["swallowed"][1]
    assert "'narrow'" in codes(on_report("narrow", if_=SHORTER), on_report("wide", if_=SHORT))["swallows"][1]


def test_metrics_are_the_same_by_what_they_measure_not_by_their_name():
    def rule(id_, name, window):
        metrics = {name: {"count": "trip.ended", "window": window}}
        return a_document(id=id_, metrics=metrics, if_={"fact": f"metric.{name}", "gt": 3}, examples=None)

    assert "duplicate" in codes(rule("one", "trips", "this week"), rule("two", "journeys", "this week"))
    assert "duplicate" not in codes(rule("one", "trips", "this week"), rule("two", "trips", "this month"))


def test_deeds_that_contradict_each_other_are_named_where_both_may_happen():
    done, open_ = [{"mark": "complete"}], [{"mark": "incomplete"}]
    assert "contradicts" in codes(on_report("a", if_=SHORT, then=done), on_report("b", if_=SHORTER, then=open_))
    long = {"fact": "event.needs.length", "gte": 100}
    assert "contradicts" not in codes(on_report("a", if_=long, then=done), on_report("b", if_=SHORTER, then=open_))
    must = [{"ask": "needs", "severity": "must", "message": {"zh": "再说说？", "en": "More?"}}]
    should = [{"ask": "needs", "message": {"zh": "再说说？", "en": "More?"}}]
    assert "contradicts" in codes(on_report("a", if_=SHORT, then=must), on_report("b", if_=SHORTER, then=should))
    assert codes(on_report(then=[*done, *open_]))["contradicting-action"][0] == "on-report: then[1].mark"


def test_one_who_is_told_the_same_by_two_rules_is_named_unless_they_exclude_each_other():
    other = [{"nudge": "person", "message": {"zh": "写完了吗？", "en": "Done?"}}]
    assert "told-twice" in codes(on_report("a", if_=SHORT), on_report("b", if_=SHORTER, then=other))
    long = {"fact": "event.needs.length", "gte": 100}
    assert "told-twice" not in codes(on_report("a", if_=SHORT), on_report("b", if_=long, then=other))
    about_another = {"fact": "event.trip", "exists": True}
    assert "told-twice" not in codes(on_report("a", if_=SHORT), on_report("b", if_=about_another, then=other))


def test_rules_at_other_moments_have_nothing_to_do_with_each_other():
    assert (
        quiet(a_document(examples=None), a_document(id="b", when={"every": "workday", "at": "20:00"}, examples=None))
        == set()
    )


# -- circles -------------------------------------------------------------------------------------------------------
def emitting(id_, on, what, **changes):
    return on_report(id_, when={"event": on}, if_=None, then=[{"emit": what}], **changes)


def test_events_that_set_each_other_off_are_shown_as_a_path():
    problem = codes(
        emitting("a", "report.submitted", "trip.started"),
        emitting("b", "trip.started", "trip.ended"),
        emitting("c", "trip.ended", "report.submitted"),
    )["emit-circle"][1]
    assert "a → trip.started → b → trip.ended → c → report.submitted → a" in problem


def test_an_emitted_event_has_no_data_so_that_a_rule_that_asks_for_some_ends_the_circle():
    loop = emitting("a", "report.submitted", "report.submitted")
    assert "emit-circle" in codes(loop)
    assert "emit-circle" not in codes(loop | {"if": {"fact": "event.trip", "exists": True}})


def test_inferences_in_a_circle_are_shown_as_a_path():
    first = on_report("first", if_={"fact": "found.b", "is": True}, then=[{"infer": "found.a", "because": "b"}])
    second = on_report("second", if_={"fact": "found.a", "is": True}, then=[{"infer": "found.b", "because": "a"}])
    assert "first → found.a → second → found.b → first" in codes(first, second)["infer-circle"][1]


# -- people --------------------------------------------------------------------------------------------------------
def people(**roles) -> Directory:
    return Directory(
        [Assignment("p1", "甲"), Assignment("p2", "Bo", locale="de")], roles={"hr": ("p1",), "finance": (), **roles}
    )


def test_recipients_that_cannot_be_are_named():
    then = [nudge("role:finanse"), nudge("role:finance"), nudge("supervisor"), nudge("hr")]
    problems = check([parse_rule(a_document(then=then, examples=None))], a_catalogue(), people())
    found = {p.at.partition(": ")[2]: (p.severity, p.code) for p in problems if "nudge" in p.at}
    assert found == {
        "then[0].nudge": ("error", "unknown-role"),
        "then[1].nudge": ("warning", "vacant-role"),
        "then[2].nudge": ("warning", "no-supervisor"),
    }
    assert any("did you mean 'finance'?" in p.hint for p in problems)


def test_an_owner_that_no_event_names_is_named():
    assert "no-owner" in codes(on_report(then=[nudge("owner")]))
    assert "schedule-without-owner" in codes(a_document(then=[nudge("owner")], examples=None))
    assert "no-owner" not in codes(on_report(when={"event": "permit.final_approved"}, if_=None, then=[nudge("owner")]))


def test_the_languages_asked_for_are_those_of_the_people():
    assert "missing in de" in codes(a_document(), directory=people())["missing-translation"][1]
    assert "missing-translation" not in codes(a_document())


# -- examples ------------------------------------------------------------------------------------------------------
def test_examples_that_never_speak_or_never_stay_silent_are_named():
    speaks, silent = a_document()["examples"]
    assert "examples-silent" in codes(a_document(examples=[silent]))
    assert "examples-never-silent" in codes(a_document(examples=[speaks]))


def test_a_strict_check_names_a_limit_that_no_example_guards():
    def example(n, expect):
        return {"name": f"{n}", "at": "2026-03-02T19:00+08:00", "facts": {"event.needs.length": n}, "expect": expect}

    far = on_report(if_=SHORT, examples=[example(1, ["nudge person"]), example(500, [])])
    near = on_report(if_=SHORT, examples=[example(99, ["nudge person"]), example(100, [])])
    assert "limit-unguarded" not in codes(far)
    assert codes(far, strict=True)["limit-unguarded"][0] == "on-report: if.lt"
    assert "limit-unguarded" not in codes(near, strict=True)


# -- one document --------------------------------------------------------------------------------------------------
def test_a_document_is_checked_beside_the_others_in_one_call():
    others = [parse_rule(on_report("wide", if_=SHORT)), parse_rule(on_report("mine", if_=SHORT))]
    checked = check_document(on_report("mine", if_=SHORTER), a_catalogue(), others=others)
    assert "swallowed" in {p.code for p in checked.problems}
    assert "duplicate" not in {p.code for p in checked.problems}, "its own older version is not another rule"
    assert set(checked.sentences) == {"zh", "en"}
    checked = check_document(a_document(), a_catalogue(), locales=("zh",))
    assert checked.errors == ()
    assert [outcome.passed for outcome in checked.outcomes] == [True, True]


@pytest.mark.parametrize("text", ["", "id: [", "- {id: a}\n- {id: b}", "3", b"\xff", "id: x"])
def test_a_text_that_is_no_rule_is_told_and_never_raised(text):
    checked = check_document(text, a_catalogue())
    assert checked.rule is None
    assert checked.errors
    assert all(problem.problem for problem in checked.problems)


def test_a_circle_through_the_others_is_told_of_the_document_that_closes_it():
    others = [parse_rule(emitting("b", "trip.started", "report.submitted"))]
    checked = check_document(emitting("a", "report.submitted", "trip.started"), a_catalogue(), others=others)
    assert "emit-circle" in {p.code for p in checked.errors}


INFERS = [{"infer": "found.tired", "because": "x"}]
READS = {"fact": "found.tired", "is": True}


def test_a_draft_that_stops_inferring_is_told_of_the_rules_that_read_it():
    others = [parse_rule(on_report("infers", if_=None, then=INFERS)), parse_rule(on_report("reads", if_=READS))]
    checked = check_document(on_report("infers", if_=None), a_catalogue(), others=others)
    assert [(p.at, p.code) for p in checked.elsewhere] == [("reads: if.fact", "never-inferred")]
    assert checked.elsewhere[0] in checked.errors
    assert check_document(on_report("infers", if_=None, then=INFERS), a_catalogue(), others=others).elsewhere == ()


def test_what_is_wrong_with_the_others_already_is_not_told_again():
    others = [
        parse_rule(on_report("reads", if_=READS)),
        parse_rule(on_report("misspelt", if_={"fact": "event.x", "is": 1})),
    ]
    checked = check_document(
        on_report("new", then=[{"infer": "found.rested", "because": "x"}]), a_catalogue(), others=others
    )
    assert checked.elsewhere == ()


def test_rules_that_are_published_together_are_checked_together():
    checker = Checker([parse_rule(on_report("reads", if_=READS))], a_catalogue())
    infers = parse_rule(on_report("infers", if_=None, then=INFERS))
    loop = [
        parse_rule(emitting("a", "report.submitted", "trip.started")),
        parse_rule(emitting("b", "trip.started", "report.submitted")),
    ]
    assert "emit-circle" not in {p.code for p in checker.check_together(loop[:1])}
    assert {p.at for p in checker.check_together(loop) if p.code == "emit-circle"} == {"a", "b"}
    assert not [p for p in checker.check_together([infers]) if p.at.startswith("reads")]
    twins = [infers, parse_rule(on_report("twin", if_=None, then=INFERS))]
    assert [p.at for p in checker.check_together(twins) if p.code == "duplicate"] == ["twin"]
