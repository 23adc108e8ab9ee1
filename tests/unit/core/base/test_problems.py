"""What a problem says in each language, how it is stored, and that bad input of every kind is refused in Chinese as well."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.core.intake.test_reader import CATALOGUE, a_payload
from tideng.base import words
from tideng.base.errors import (
    InvalidBundle,
    InvalidPayload,
    InvalidRule,
    InvalidSettings,
    NotFound,
    Refused,
)
from tideng.base.problems import (
    Problem,
    Sentence,
    in_json,
    restored,
    say,
    say_place,
    say_sentence,
    sentence_as_text,
    sentence_of_text,
    stored,
)
from tideng.base.settings import SETTINGS, create, load
from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng_rules.check.run import check
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


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_what_a_setting_is_for_is_said_in_chinese(setting):
    assert HAN.search(say_sentence(setting.purpose, "zh"))
    assert setting.help == say_sentence(setting.purpose, "en")
    assert not HAN.search(setting.help)


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
    assert_in_chinese(Refused(Sentence("rule-called", {"id": "late"}), problems))


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
    assert HAN.search(say_sentence(refused.message, "zh")), refused.what
    english = []
    for problem in refused.problems:
        told = say(problem, "zh")
        if not HAN.search(told.problem) or SENTENCE.search(QUOTED.sub("", told.problem)):
            english.append(told.problem)
        if SENTENCE.search(QUOTED.sub("", told.hint)) and told.hint not in THE_SAME_IN_EVERY_LANGUAGE:
            english.append(told.hint)
    assert english == []


def test_a_deployment_that_is_not_there_is_named_in_chinese(tmp_path: Path):
    with pytest.raises((NotFound, InvalidSettings)) as missing:
        load(tmp_path / "nowhere", environ={})
    assert HAN.search(say(missing.value.problems[0], "zh").problem)


# -- how it is said ------------------------------------------------------------------------------------------------

NEAR = Sentence("did-you-mean", {"name": "visits"})
UNKNOWN = Sentence("unknown-fact", {"name": "person.nme"})


@pytest.mark.parametrize(
    ("message", "english", "chinese"),
    [
        (
            Sentence("wrong-type-of-text", {"wanted": "number", "kind": "text", "value": "four"}),
            "must be a number, not a text ('four')",
            "应为数字，不是文字（“four”）",
        ),
        (Sentence("unknown-event-type", {"name": "report.submited"}), "unknown event type 'report.submited'", "没有事件类型“report.submited”"),
        (NEAR, "did you mean 'visits'?", "是不是“visits”？"),
        (Sentence("csv-columns-missing", {"names": ["time", "type"]}), "columns missing: time, type", "还差这些列：time、type"),
        (
            Sentence("placeholder-wrong", {"name": "person.nme", "why": UNKNOWN}),
            "placeholder {person.nme}: unknown fact 'person.nme'",
            "占位符 {person.nme}：没有事实“person.nme”",
        ),
        (
            Sentence("line-not-json", {"column": 9, "why": Sentence("json-value-missing")}),
            "is not JSON at column 9: Expecting value",
            "第 9 列不是 JSON：这里还差一个值",
        ),
        (Sentence("event-too-large", {"size": 1234567, "limit": 1000}), "the event holds about 1,234,567 bytes", "这个事件约有 1,234,567 字节"),
        (Sentence("asked-by-a-rule", {"message": {"zh": "写清楚", "en": "Say it"}}), "Say it", "写清楚"),
        (Sentence("type", {"fact": "a", "kind": "number", "value": None, "other": "nothing"}), "a is a number, and None is nothing", "a 是数字，None是空值"),
    ],
)  # fmt: skip
def test_values_kinds_names_and_messages_within_are_said_in_each_language(message, english, chinese):
    assert say_sentence(message, "en") == str(message) == english
    assert say_sentence(message, "zh") == say_sentence(message, "zh_Hans") == say_sentence(message, "zh-CN") == chinese


def test_a_language_without_words_falls_back_to_english():
    assert say_sentence(NEAR, "fr") == say_sentence(NEAR, "en")


def test_a_code_without_words_is_shown_with_its_parameters():
    gone = Problem("line 3", "moon-not-round", {"edge": 4, "near": NEAR})
    assert say(gone, "zh").problem == "moon-not-round, edge: 4, near: 是不是“visits”？"
    assert str(gone) == "line 3: moon-not-round, edge: 4, near: did you mean 'visits'?"


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
    assert say_place(english, "zh") == chinese
    assert say_place(english, "en") == english


def test_one_line_says_place_sentence_and_way_out():
    problem = Problem("line 3, data.needs", "text-empty", {"limit": 20})
    assert say(problem, "zh").line == "第 3 行，data.needs：是空的（1 到 20 个字符）"
    assert say(problem, "en").line == str(problem) == "line 3, data.needs: is empty (1 to 20 characters)"
    assert say(problem.moved(""), "en").line == "is empty (1 to 20 characters)"


# -- values --------------------------------------------------------------------------------------------------------


def test_problems_of_the_same_code_and_parameters_are_equal_and_their_parameters_do_not_change():
    one, other = (Problem("id", "unknown-key", {"name": "x", "way_out": NEAR, "names": ["a"]}) for _ in range(2))
    assert one == other
    assert len({one, other}) == 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != Problem("id", "unknown-key", {"name": "y"})
    with pytest.raises(TypeError):
        one.params["name"] = "y"


def test_a_stored_problem_comes_back_with_the_messages_in_it_and_is_said_in_the_readers_language():
    problem = Problem("line 3", "unknown-field", {"way_out": NEAR}, "warning")
    row = json.loads(json.dumps(stored(problem)))
    assert row == {
        "at": "line 3",
        "problem": "unknown field",
        "hint": "did you mean 'visits'?",
        "severity": "warning",
        "code": "unknown-field",
        "params": {"way_out": {"code": "did-you-mean", "params": {"name": "visits"}}},
    }
    assert restored(row) == problem
    assert in_json(restored(row), "zh") == {
        **row,
        "at": "第 3 行",
        "problem": "没有这个字段",
        "hint": "是不是“visits”？",
    }


def test_a_problem_that_was_stored_before_there_were_codes_is_shown_as_it_is():
    old = {"at": "line 3", "problem": "is missing", "hint": "at most 20"}
    assert say(restored(old), "zh").line == "第 3 行：is missing（at most 20）"
    assert restored({}).problem == ""


def test_a_message_is_kept_as_one_text_and_a_text_of_a_person_stays_as_it_is():
    message = Sentence("rule-tells-too-many", {"people": 40, "day": "2026-03-02", "expected": 3})
    assert sentence_of_text(sentence_as_text(message)) == message
    assert say_sentence(sentence_of_text("too many, says Wang"), "zh") == "too many, says Wang"
    assert sentence_of_text(None) is None


# -- languages and packages ----------------------------------------------------------------------------------------


def test_a_language_is_added_with_files_alone(tmp_path, monkeypatch):
    """Half the sentences are there: the others come in English, in the marks of the new language."""
    (tmp_path / "xx.yaml").write_text(
        'marks: {quote: "«{}»", list: " / "}\nkinds: {text: téxt}\nproblems:\n  did-you-mean: "ménïng {name:quoted}"\n',
        "utf-8",
    )
    shipped = words.folders()
    monkeypatch.setattr(words, "folders", lambda: (*shipped, tmp_path))
    words.language.cache_clear(), words._languages.cache_clear()
    try:
        assert say_sentence(NEAR, "xx") == say_sentence(NEAR, "xx_YY") == "ménïng «visits»"
        assert say_sentence(Sentence("known-names", {"names": ["a", "b"]}), "xx") == "known: a, b"
        assert str(NEAR) == "did you mean 'visits'?"
    finally:
        words.language.cache_clear(), words._languages.cache_clear()


def test_the_words_of_a_plugin_are_found_without_loading_it():
    said = "import sys; from tideng.base import words; words.language('zh'); print([m for m in sys.modules if m.startswith('tideng_')])"
    assert (
        subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
