"""Fixes: each one that is offered makes its problem go away, and nothing new is wrong where it was."""

from __future__ import annotations

import copy
import random

import pytest

from tests.unit.rules.builders import a_catalogue, a_document, nudge, on_report
from tideng.org.directory import Assignment, Directory
from tideng_rules.authoring.fixes import helps, mended
from tideng_rules.check.run import check_document
from tideng_rules.document.paths import look, put

CATALOGUE = a_catalogue()
ALONE = Directory([Assignment("a", "A")])
SPEAKS, SILENT = a_document()["examples"]


def said(zh: str, en: str = "Hello.") -> list[dict]:
    return [{"nudge": "person", "message": {"zh": zh, "en": en}}]


WRONG = {
    "unknown-metric": a_document(if_={"fact": "metric.report_today", "is": 0}, examples=None),
    "unknown-fact": a_document(who={"fact": "person.on_tripp", "is": True}, examples=None),
    "unknown-key": a_document(limits={"once_per": "day"}),
    "missing-key": a_document(kind=None),
    "unknown-event-type": on_report(when={"event": "report.submited"}, if_=None),
    "unknown-channel": a_document(then=[{**nudge(), "channel": "telepathy"}]),
    "unknown-role": a_document(then=[nudge("role:nobody")], examples=None),
    "unknown-fact-field": on_report(if_={"fact": "event.need", "is": "x"}),
    "no-event": a_document(if_={"fact": "event.needs", "is": "x"}, examples=None),
    "operator": a_document(who={"fact": "person.on_trip", "gt": True and 1}, examples=None),
    "type": a_document(if_={"fact": "metric.reports_today", "is": "0"}, examples=None),
    "never-true": a_document(if_={"fact": "metric.reports_today", "lt": 0}, examples=None),
    "always-true": a_document(if_={"fact": "metric.reports_today", "gte": 0}, examples=None),
    "dead-branch": a_document(
        if_={"any": [{"fact": "metric.reports_today", "lt": 0}, {"fact": "metric.reports_today", "is": 0}]},
        examples=None,
    ),
    "until-ends-nothing": a_document(until={"fact": "metric.reports_today", "gt": 0}),
    "until-never": a_document(
        later=[{"after": "1 hour", "then": [nudge()]}], until={"fact": "metric.reports_today", "lt": 0}
    ),
    "until-always": a_document(
        later=[{"after": "1 hour", "then": [nudge()]}], until={"fact": "metric.reports_today", "gte": 0}
    ),
    "until-at-once": a_document(
        later=[{"after": "1 hour", "then": [nudge()]}], until={"fact": "metric.reports_today", "is": 0}
    ),
    "missing-translation": a_document(then=[{"nudge": "person", "message": {"zh": "在吗？"}}]),
    "punishes": a_document(then=said("日报还没写，罚款50元。")),
    "harsh": a_document(then=said("请尽快提交日报！")),
    "long": a_document(then=said("日报还没写。" + "再说说客户那边的情况，" * 9 + "好吗？")),
    "brace": a_document(then=said("{person name}，日报还没写。")),
    "no-examples": a_document(examples=None),
    "examples-silent": a_document(examples=[SILENT]),
    "examples-never-silent": a_document(examples=[SPEAKS]),
    "example-not-silent": a_document(examples=[{**SPEAKS, "expect": []}, SILENT]),
    "example-reads": a_document(examples=[{**SPEAKS, "facts": {**SPEAKS["facts"], "person.level": "x"}}, SILENT]),
    "step-order": a_document(
        later=[{"after": "2 hours", "then": [nudge()]}, {"after": "1 hour", "then": [nudge("hr")]}],
    ),
    "step-too-late": a_document(later=[{"after": "3 days", "then": [nudge()]}]),
    "no-supervisor": a_document(then=[nudge("supervisor")], examples=None),
    "schedule-without-owner": a_document(then=[nudge("owner")], examples=None),
    "vacant-role": a_document(then=[nudge("hr")], examples=None),
    "about": a_document(about="case", examples=None),
    "not-about-it": on_report(if_={"fact": "case.needs", "is": "x"}),
}
SHAPES = {
    "a later step before the trigger": a_document(later=[{"at": "18:00", "then": [nudge()]}]),
    "a time without its zero": a_document(when={"every": "workday", "at": "9:00"}, examples=None),
    "a time as YAML reads it": a_document(when={"every": "workday", "at": 1140}),
    "an operator misspelt": a_document(if_={"fact": "metric.reports_today", "iss": 0}),
    "a kind misspelt": a_document(kind="remindr"),
    "no action": a_document(then=[]),
    "no day of the week": a_document(when={"every": "week", "at": "19:00"}, examples=None),
    "a day where none belongs": a_document(when={"every": "day", "on": 1, "at": "19:00"}),
    "one language empty": a_document(then=said("在吗？", "")),
}


def problems(document):
    return list(check_document(document, CATALOGUE, ALONE, (), ("zh", "en")).problems)


def fixes(document):
    found = check_document(document, CATALOGUE, ALONE, (), ("zh", "en"))
    return list(zip(found.problems, mended(document, found, CATALOGUE, problems), strict=True))


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_can_be_mended_by_one_press(code):
    document = WRONG[code]
    offered = [fix for problem, of in fixes(document) if problem.code == code for fix in of]
    assert offered, [str(problem) for problem in problems(document)]
    for fix in offered:
        assert fix.title.keys() == {"zh", "en"}
        after = problems(put(document, fix.place, fix.value))
        before = [problem for problem in problems(document) if problem.code == code]
        assert len([problem for problem in after if problem.code == code]) < len(before), fix


@pytest.mark.parametrize("what", SHAPES)
def test_what_cannot_be_read_can_be_mended_by_one_press(what):
    offered = [(problem, fix) for problem, of in fixes(SHAPES[what]) for fix in of]
    assert offered, [str(problem) for problem in problems(SHAPES[what])]
    for problem, fix in offered:
        after = problems(put(SHAPES[what], fix.place, fix.value))
        assert (problem.code, problem.at) not in [(one.code, one.at) for one in after], fix


def test_every_fix_of_every_wrong_document_leaves_no_new_error_in_its_place():
    for document in (*WRONG.values(), *SHAPES.values()):
        before = {(one.code, one.at, one.problem) for one in problems(document)}
        for _, of in fixes(document):
            for fix in of:
                after = problems(put(document, fix.place, fix.value))
                new = [
                    one for one in after if one.severity == "error" and (one.code, one.at, one.problem) not in before
                ]
                assert [str(one) for one in new if one.at.startswith(fix.place)] == []


def test_a_fix_that_does_not_help_is_not_offered():
    document = WRONG["unknown-metric"]
    (problem, (good, *_)), *_ = fixes(document)
    assert helps(document, good, problem, problems(document), problems)
    bad = type(good)(good.title, good.place, "metric.neither")
    assert not helps(document, bad, problem, problems(document), problems)


def test_looking_for_fixes_breaks_on_nothing_that_somebody_may_have_written():
    dice = random.Random(4)
    odd = (
        None,
        0,
        -1,
        "",
        "x",
        "{",
        [],
        {},
        [None],
        {"fact": 1},
        True,
        {"zh": None},
        ["a", 1],
        1e300,
        "did you mean 'x'?",
    )
    for document in (*WRONG.values(), *SHAPES.values()):
        for _ in range(4):
            changed = copy.deepcopy(document)
            here, key = changed, dice.choice(list(changed))
            while isinstance(here[key], dict | list) and here[key] and dice.random() < 0.7:
                here = here[key]
                key = dice.choice(list(here)) if isinstance(here, dict) else dice.randrange(len(here))
            here[key] = dice.choice(odd)
            assert all(fix.title for _, of in fixes(changed) for fix in of)


def test_a_later_step_goes_to_nine_in_the_evening():
    found = fixes(SHAPES["a later step before the trigger"])
    assert found[0][1][0].value == "21:00"


def test_all_that_a_blank_rule_lacks_can_be_begun_each_by_itself():
    found = {fix.place: fix.value for _, of in fixes({"id": "blank", "kind": "reminder"}) for fix in of}
    assert found["when"] == {"every": "workday", "at": "19:00"}
    assert found["then"][0]["nudge"] == "person"
    assert problems({"id": "blank", "kind": "reminder", **found})[0].severity == "warning"


def test_taking_something_out_leaves_the_given_document_as_it_was():
    document = a_document(
        if_={"all": [{"fact": "metric.reports_today", "is": 0}, {"fact": "person.on_trip", "is": True}]}
    )
    changed = put(document, "if.all[0]", None)
    assert [len(look(one, "if.all")) for one in (document, changed)] == [2, 1]
    assert put(document, "if", None).keys() == document.keys() - {"if"}


def test_examples_made_from_a_rule_pass():
    document = WRONG["no-examples"]
    fix = next(of[0] for problem, of in fixes(document) if problem.code == "no-examples")
    found = check_document(put(document, fix.place, fix.value), CATALOGUE, ALONE, (), ("zh", "en"))
    assert [one.passed for one in found.outcomes] == [True, True]
    assert [bool(one.got) for one in found.outcomes] == [True, False]
