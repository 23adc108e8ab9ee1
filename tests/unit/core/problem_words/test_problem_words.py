"""Whatever can be wrong is said in Chinese as well: read from the code, and heard from bad input."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.test_layout import ROOT
from tests.unit.core.intake.test_reader import CATALOGUE, a_payload
from tests.unit.core.problem_words.problem_texts import texts
from tideng.base.errors import (
    InvalidBundle,
    InvalidPayload,
    InvalidRule,
    InvalidSettings,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.settings import SETTINGS, create, load
from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng.problem_words import in_words, line_in_words, place_in_words, problem_in_words, stored_in_words
from tideng_rules.check.run import check
from tideng_rules.check.tone import HARSH
from tideng_rules.document.parser import parse_rule
from tideng_rules.document.reader import read_documents

HAN = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,}")
QUOTED = re.compile(r"“[^”]*”|例如 .*|如 .*|可用：.*")
"""Values and examples, which stay as they are."""
THE_SAME_IN_EVERY_LANGUAGE = {
    "${ENV:'x'}",
    "'x': text",
    "'x', data.NAME …",
    "'x'.length",
    '{"id": …, "source": …, "type": …, "time": …, "subject": …, "data": {…}}',
    "Declaration SUBMITTED by EMPLOYEE: claim.submitted",
    "about: case",
    "application/json",
    "channels: [portal]",
    "client: NAME",
    "connectors",
    "data.'x'",
    "event.FIELD",
    "hr: [p001]",
    "monday … sunday",
    "nudge_budget: {day: 6, week: 20}",
    "packs: [{name: travel-sales, parameters: {}}]",
    'quiet_hours: {from: "22:00", until: "07:30"}',
    "roles: {hr: [ID]}",
    "roles: {hr: [p001]}",
    "tideng@example.com",
    "when: {event: TYPE}",
    "when: {event: …, without: …, within: …, match: case}",
    "{person.name}, {metric.visits_this_week}",
    "{zh: …, en: …}",
    "'x' on 'x'",
}
"""Examples of what to write; a plugin's name; and a permission that no page shows (it says 403 in words)."""


def test_every_text_in_the_code_has_words_in_chinese():
    found = texts(*(ROOT / name for name in ("platform", "rules", "plugins", "admin")))
    lacking = {
        f"{said.where} {min(said.variants)!r}"
        for said in found
        if not any(HAN.search(in_words(one, "zh")) for one in said.variants)
        and not said.variants & THE_SAME_IN_EVERY_LANGUAGE
    }
    assert len(found) > 400, "the texts were not found in the code"
    assert sorted(lacking) == []


@pytest.mark.parametrize("text", [*(s.help for s in SETTINGS), *(hint for _, hint in HARSH)])
def test_what_a_setting_is_and_how_a_message_should_sound_is_said_in_chinese(text):
    assert HAN.search(in_words(text, "zh"))


# -- bad input -----------------------------------------------------------------------------------------------------

PAYLOADS = [
    3,
    "text",
    None,
    {},
    a_payload(type="report.submited"),
    a_payload(type=4, id=5, source=None, subject=""),
    a_payload(time="2026-03-02"),
    a_payload(time="soon"),
    a_payload(time="2026-02-31T10:00:00Z"),
    a_payload(time="2126-03-02T10:00:00Z"),
    a_payload(time=7),
    a_payload(specversion="2.0", datacontenttype="text/plain"),
    a_payload(id="x" * 300, source="a\tb", subjekt="x", Odd="x", needs="outside"),
    a_payload(data=None),
    a_payload(data=[1]),
    a_payload(data={"neds": "x"}),
    a_payload(data={"needs": None, "score": "four", "visits": 1.5, "late": "yes", "issues": {}, "extra": []}),
    a_payload(data={"needs": 4, "score": 9, "visits": -1, "trip": " ", "left": "half", "date": "2026-13-01"}),
    a_payload(data={"needs": "a\0b", "score": float("nan"), "visits": 10**20}),
    a_payload(data={"needs": "\ud800", "issues": [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}),
    a_payload(data={"needs": "x" * 200_000}),
    a_payload(data={"needs": "x", 5: "x"}),
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_bad_payload_is_refused_in_chinese(payload):
    with pytest.raises(InvalidPayload) as refused:
        read_event(payload, CATALOGUE, place="line 3", received=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert_in_chinese(refused.value)


RULES = [
    {"id": "a b", "when": {"event": "Report"}, "then": [], "oops": 1},
    {"id": "a", "title": "t", "why": "w", "when": {"every": "weak", "at": "25:00"}, "then": [{"nudge": "nobody"}]},
    {"id": "a", "title": 4, "why": {"xx yy": 1}, "when": {"every": "week", "at": "09:00"}, "then": [{"shout": 1}]},
    {
        "id": "a",
        "priority": "high",
        "when": {"event": "a.b", "without": [], "within": "soon", "match": 4, "clock": "wall"},
        "if": {"all": [{"fact": "x y", "is": 1, "lt": 2}, {"any": {}, "not": 3}, {"fact": "event.a", "between": [1]}]},
        "then": [{"plan": []}, {"ask": "A B"}, {"nudge": "person", "mark": "late"}],
        "later": [{"then": []}],
        "limit": {"once_per": "year", "at_most": "many"},
        "metrics": {"A": {"window": "today"}, "b": {"sum": "a.b", "window": "ever"}},
        "examples": [{"name": "", "at": "today", "expect": "x", "facts": {"A": None}, "step": 0}],
    },
]


@pytest.mark.parametrize("document", RULES, ids=range(len(RULES)))
def test_a_bad_rule_is_refused_in_chinese(document):
    with pytest.raises(InvalidRule) as refused:
        parse_rule(document, CATALOGUE)
    assert_in_chinese(refused.value)


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", '{"a": 1,, }', "[1, 2", "a: *b", "a: &b 1", "\t- a", 'a: "b'])
def test_a_file_that_is_no_document_is_refused_in_chinese(text):
    with pytest.raises(InvalidRule) as refused:
        read_documents(text)
    assert_in_chinese(refused.value)


def test_what_the_check_finds_is_said_in_chinese():
    rule = parse_rule(
        {
            "id": "late",
            "kind": "reminder",
            "title": {"en": "Late"},
            "why": {"en": "So"},
            "when": {"event": "report.submited"},
            "if": {"all": [{"fact": "metric.visitz", "gt": 3}, {"fact": "person.timezone", "is": 4}]},
            "then": [{"nudge": "person", "message": {"en": "You must {person.nme}! {", "zh": "扣款"}}],
        },
        CATALOGUE,
    )
    problems = check([rule], CATALOGUE)
    assert len(problems) > 5
    assert_in_chinese(Refused("rule late", problems))


def test_a_bad_bundle_is_refused_in_chinese(tmp_path: Path):
    (tmp_path / "client.yaml").write_text(
        "client: [x]\nlocale: xx-yy-z\ntimezone: Mars/One\ncurrency: XXXX\ncalendar: QQ\nbudget: 3\nchannels: mail\n"
        "quiet_hours: {from: late}\nnudge_budget: {day: 0}\ndigest: 3 days\nroles: {hr: [nobody]}\n"
        "packs: [{name: a}, {name: a, colour: red}]\nplugins: {connectors: {smtp_password: secret}}\n"
        "event_types: {A b: {}, c.d: {fields: {x: {type: colour, required: 4, minimum: low}}}}\n",
        "utf-8",
    )
    (tmp_path / "people.csv").write_text(
        "id,name,supervisor,unit,timezone,phone,email,from,until\n"
        "p 1,A,p9,u,Mars,x,y,2026-13-01,\np2,B,p2,,,,,2026-03-01,2026-01-01\np2,B,,,,,,2026-03-02\n",
        "utf-8",
    )
    (tmp_path / "units.csv").write_text("id;name\n", "utf-8")
    (tmp_path / "persons.csv").write_text("id\n", "utf-8")
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(tmp_path)
    assert len(refused.value.problems) > 25
    assert_in_chinese(refused.value)


def test_settings_that_cannot_be_used_are_refused_in_chinese(tmp_path: Path):
    create(tmp_path / "a")
    with pytest.raises(InvalidSettings) as refused:
        create(tmp_path / "a", web_port="eighty", engine="steam")
    assert_in_chinese(refused.value)
    (tmp_path / "a" / "tideng.toml").write_text('web_prt = 1\n[clok]\n[plugins.x]\ny = "${ENV:NOT_THERE}"\n')
    with pytest.raises(InvalidSettings) as refused:
        load(tmp_path / "a", environ={})
    assert_in_chinese(refused.value)
    (tmp_path / "a" / "tideng.toml").write_text("web_port = \n")
    with pytest.raises(InvalidSettings) as refused:
        load(tmp_path / "a", environ={})
    assert_in_chinese(refused.value)


def assert_in_chinese(refused: Refused) -> None:
    assert HAN.search(in_words(refused.what, "zh")), refused.what
    english = []
    for problem in refused.problems:
        told = problem_in_words(problem, "zh")
        if not HAN.search(told.problem) or SENTENCE.search(QUOTED.sub("", told.problem)):
            english.append(told.problem)
        if SENTENCE.search(QUOTED.sub("", told.hint)) and told.hint not in THE_SAME_IN_EVERY_LANGUAGE:
            english.append(told.hint)
    assert english == []


# -- how it is said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("must be a number, not a text ('four')", "应为数字，不是文字（“four”）"),
        ("must be text, not a number", "应为文字，不是数字"),
        ("unknown event type 'report.submited'", "没有事件类型“report.submited”"),
        ("did you mean 'visits'?", "是不是“visits”？"),
        ("did you mean visits?", "是不是“visits”？"),
        ("columns missing: time, type", "还差这些列：time、type"),
        ("placeholder {person.nme}: unknown fact 'person.nme'", "占位符 {person.nme}：没有事实“person.nme”"),
        ("is not JSON at column 9: Expecting value", "第 9 列不是 JSON：这里还差一个值"),
    ],
)
def test_values_kinds_and_sentences_within_sentences_are_said_too(english, chinese):
    assert in_words(english, "zh") == in_words(english, "zh_Hans") == chinese
    assert in_words(english, "en") == english


def test_a_sentence_nobody_put_into_words_stays_english():
    assert in_words("the moon is not round enough", "zh") == "the moon is not round enough"
    assert in_words("", "zh") == ""


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("line 12", "第 12 行"),
        ("line 3, data.customer", "第 3 行，data.customer"),
        ("people.csv line 3, id", "people.csv 第 3 行，id"),
        ("march.jsonl, line 4, time", "march.jsonl，第 4 行，time"),
        ("pack daily-report, late: if.all[0].fact", "规则包 daily-report，late：if.all[0].fact"),
        ("data.deadline 3", "data.deadline 3"),
        ("data.customer", "data.customer"),
        ("", ""),
    ],
)
def test_a_place_is_said_and_a_name_stays(english, chinese):
    assert place_in_words(english, "zh") == chinese
    assert place_in_words(english, "en") == english


def test_one_line_and_a_stored_problem_say_place_sentence_and_way_out():
    problem = Problem("line 3, data.needs", "is missing", "at most 20 characters")
    assert line_in_words(problem, "zh") == "第 3 行，data.needs：还没填（最多 20 个字符）"
    assert line_in_words(problem, "en") == str(problem)
    stored = {"at": "line 3", "problem": "is missing", "hint": "", "severity": "error"}
    assert stored_in_words(stored, "zh") == {**stored, "at": "第 3 行", "problem": "还没填"}
    assert stored_in_words({}, "zh") == {}


def test_a_deployment_that_is_not_there_is_named_in_chinese(tmp_path: Path):
    with pytest.raises((NotFound, InvalidSettings)) as missing:
        load(tmp_path / "nowhere", environ={})
    assert HAN.search(in_words(missing.value.problems[0].problem, "zh"))
