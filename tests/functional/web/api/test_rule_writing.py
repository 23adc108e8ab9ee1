"""What the studio asks while somebody types: words, problems with their fixes, the sentence, messages, people, and a try."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest
from sqlalchemy import func, select

from tests.functional.web.api.test_rules import RULE, Program, at_eight
from tideng.store.database import reading
from tideng.store.tables import FindingRow, OutboxRow
from tideng_rules.document.paths import put

WEDNESDAY = "2025-06-11T19:00+08:00"
_SERIAL = count(1)


@pytest.fixture
def hr(story) -> Program:
    return Program(story, "hr")


@pytest.fixture
def document(hr) -> dict:
    found = hr("GET", f"/rules/{RULE}").json["versions"][0]["document"]
    return at_eight(found) | {"when": {"every": "workday", "at": "19:00"}, "examples": []}


def begin_trip(story, person: str, at: str) -> None:
    """A state that began, as the line would have kept it."""
    with story._row() as row:
        from tideng.store.tables import StateRow

        moment = datetime.fromisoformat(at)
        row(StateRow, subject=person, state="person.on_trip", key=f"t{next(_SERIAL)}", started_at=moment)


# -- words -----------------------------------------------------------------------------------------------------


def test_every_name_of_the_language_has_a_title_in_both_languages(hr):
    words = hr("GET", "/vocabulary").json
    titles = words["titles"]
    named = {
        "operators": words["all_operators"],
        "kinds": words["kinds"],
        "about": words["about"],
        "families": words["families"],
        "functions": words["functions"],
        "windows": words["windows"],
        "recipients": words["recipients"],
        "severities": words["severities"],
        "steps": words["steps"],
        "types": list(words["operators"]),
        "units": [one["unit"] for one in words["facts"] if one["unit"] and one["unit"] != "CNY"],
    }
    for shelf, names in named.items():
        untitled = [name for name in names if not all(titles[shelf].get(name, {}).get(one) for one in ("zh", "en"))]
        assert untitled == [], shelf
    assert {"orgchart", "travel", "reports"} <= {one["name"] for one in words["groups"]}
    assert {"value": "north", "title": "华北"} in words["choices"]["person.unit"]


def test_the_vocabulary_is_not_sent_again_while_it_is_the_same(story, hr):
    first = hr("GET", "/vocabulary")
    client = story.app.test_client()
    again = client.get(
        "/api/v1/vocabulary", headers={"Authorization": f"Bearer {hr._key}", "If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


# -- what is wrong, and what it says ---------------------------------------------------------------------------


def test_a_check_offers_fixes_and_each_of_them_helps(hr, document):
    wrong = {**document, "if": {"fact": "metric.report_today", "is": 0}}
    found = hr("POST", "/rules/check", {"document": wrong}).json
    problem = next(one for one in found["problems"] if one["at"] == "if.fact")
    fix = problem["fixes"][0]
    assert (fix["place"], fix["value"]) == ("if.fact", "metric.reports_today")
    after = hr("POST", "/rules/check", {"document": put(wrong, fix["place"], fix["value"])}).json
    assert after["ok"]


def test_fixes_are_offered_in_the_language_of_who_asks(story, hr, document):
    wrong = {**document, "until": {"fact": "metric.reports_today", "gt": 0}}
    client, body = story.app.test_client(), {"document": wrong}
    headers = {"Authorization": f"Bearer {hr._key}"}
    titles = [
        next(
            one["fixes"][0]["title"]
            for one in client.post(
                "/api/v1/rules/check", json=body, headers={**headers, "Accept-Language": language}
            ).json["problems"]
            if one["code"] == "until-ends-nothing"
        )
        for language in ("zh", "en")
    ]
    assert titles == ["去掉这一条", "Take it out"]


def test_the_pieces_of_the_sentence_are_the_sentence(hr, document):
    found = hr("POST", "/rules/check", {"document": document}).json
    for language in ("zh", "en"):
        assert "".join(one["text"] for one in found["parts"][language]) == found["sentence"][language]
    assert {one.get("place") for one in found["parts"]["zh"]} >= {"when", "who", "if", "then[0]"}


def test_messages_are_shown_as_they_would_be_read(hr, document):
    (message,) = hr("POST", "/rules/check", {"document": document}).json["messages"]
    assert (message["place"], message["action"], message["recipient"]) == ("then[0]", "nudge", "person")
    assert message["texts"]["zh"]["text"] == "张三，今天的日报还没写，大约 3 分钟。有难处就回一声。"
    assert message["texts"]["en"]["text"].startswith("Zhang San, today")
    assert {one["sms"] for one in message["texts"].values()} == {1}


def test_the_tone_is_right_until_somebody_shouts(hr, document):
    assert hr("POST", "/rules/check", {"document": document}).json["tone"] == {"ok": True, "findings": []}
    loud = {**document, "then": [{"nudge": "person", "message": {"zh": "请尽快提交！", "en": "Hello."}}]}
    tone = hr("POST", "/rules/check", {"document": loud}).json["tone"]
    assert not tone["ok"]
    assert tone["findings"][0]["fixes"][0]["value"] == "方便时请提交。"


def test_a_text_that_is_no_document_has_every_key_of_an_answer(hr):
    found = hr("POST", "/rules/check", {"yaml": "if: ["}).json
    assert found.keys() >= {"ok", "problems", "sentence", "parts", "examples", "messages", "tone"}


# -- people ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["张", "zhang", "华北 代表", "北 zhang"])
def test_people_are_found_by_name_id_unit_and_position(hr, words):
    found = hr("GET", "/people/find", q=words).json["people"]
    assert {"id": "zhang", "name": "张三", "unit": "华北", "position": "销售代表"} in found


@pytest.mark.parametrize(
    ("login", "seen"),
    [("hr", {"boss", "lead", "zhang", "li", "hr"}), ("lead", {"lead", "zhang"}), ("li", {"li"}), ("crm", set())],
)
def test_whoever_looks_finds_those_they_may_see(story, login, seen):
    found = Program(story, login)("GET", "/people/find").json["people"]
    assert {one["id"] for one in found} == seen


def test_whoever_is_called_so_comes_before_who_works_there(hr):
    assert hr("GET", "/people/find", q="hr").json["people"][0]["id"] == "hr"


# -- whom it fits ----------------------------------------------------------------------------------------------


def test_a_count_says_how_many_it_fits_now(story, hr, document):
    begin_trip(story, "zhang", "2025-06-12T08:00+08:00")
    found = hr("POST", "/rules/count", {"document": document}).json
    assert (found["people"], found["of"], found["why"]) == (1, 5, None)
    everyone = {key: value for key, value in document.items() if key != "who"}
    assert hr("POST", "/rules/count", {"document": everyone}).json["people"] == 5
    home = {**document, "who": {"fact": "person.unit", "in": ["north", "hq"]}}
    assert hr("POST", "/rules/count", {"document": home}).json["people"] == 3


def test_a_count_that_hangs_on_an_event_says_why_there_is_none(hr, document):
    told = {**document, "when": {"event": "report.submitted"}, "who": {"fact": "event.needs", "exists": True}}
    found = hr("POST", "/rules/count", {"document": told}).json
    assert found["people"] is None
    assert found["why"]["zh"] == "要看收到的事件才知道"


# -- a try -----------------------------------------------------------------------------------------------------


def test_a_try_says_what_would_be_said_to_whom_and_stores_nothing(story, hr, document):
    begin_trip(story, "zhang", "2025-06-11T08:00+08:00")
    ladder = {
        **document,
        "later": [
            {
                "at": "23:00",
                "then": [{"nudge": "supervisor", "message": {"zh": "{person.name}的日报还没写。", "en": "Open."}}],
            }
        ],
        "until": {"fact": "metric.reports_today", "gt": 0},
    }
    with reading(story.deployment.engine) as connection:
        before = [connection.scalar(select(func.count()).select_from(table)) for table in (FindingRow, OutboxRow)]
    found = hr("POST", "/rules/try", {"document": ladder, "subject": "zhang", "at": WEDNESDAY}).json
    assert found["answer"]["zh"] == "会说：告诉张三。"
    assert [(one["recipient"], one["message"]) for one in found["would"]] == [
        ("zhang", "张三，今天的日报还没写，大约 3 分钟。有难处就回一声。"),
        ("lead", "张三的日报还没写。"),
    ]
    assert found["would"][0]["held_because"] is None
    assert "07:30" in found["would"][1]["held_because"]["zh"]
    assert [one["state"] for one in found["steps"]] == ["speaks", "speaks"]
    assert all(line.startswith("✓") for line in found["steps"][0]["lines"]["zh"])
    with reading(story.deployment.engine) as connection:
        after = [connection.scalar(select(func.count()).select_from(table)) for table in (FindingRow, OutboxRow)]
    assert after == before


def test_a_try_kept_as_an_example_passes(hr, document, story):
    begin_trip(story, "zhang", "2025-06-11T08:00+08:00")
    example = hr("POST", "/rules/try", {"document": document, "subject": "zhang", "at": WEDNESDAY}).json["example"]
    assert example["expect"] == ["nudge person"]
    kept = {**document, "examples": [example]}
    (outcome,) = hr("POST", "/rules/check", {"document": kept}).json["examples"]
    assert outcome["passed"]
    again = hr("POST", "/rules/try", {"document": kept, "example": 0}).json
    assert [one["action"] for one in again["would"]] == ["nudge person"]
    assert again["would"][0]["recipient_name"] == "本人"


def test_a_try_that_stays_silent_says_what_kept_it(hr, document):
    found = hr("POST", "/rules/try", {"document": document, "subject": "li", "at": WEDNESDAY}).json
    assert (found["steps"][0]["state"], found["would"], found["example"]["expect"]) == ("silent", [], [])
    assert "出差中" in found["answer"]["zh"]
    sunday = hr("POST", "/rules/try", {"document": document, "subject": "li", "at": "2025-06-15T19:00+08:00"}).json
    assert "休息日" in sunday["answer"]["zh"] or "要到" in sunday["answer"]["zh"]


def test_whoever_may_not_read_rules_tries_and_counts_nothing(story, document):
    for login in ("zhang", "boss", "crm"):
        program = Program(story, login)
        body = {"document": document, "subject": "zhang", "at": WEDNESDAY}
        assert program("POST", "/rules/try", body).status_code == 403
        assert program("POST", "/rules/try", {"document": document, "example": 0}).status_code == 403
        assert program("POST", "/rules/count", {"document": document}).status_code == 403


def test_a_try_of_somebody_unknown_or_of_no_example_is_refused(hr, document):
    assert hr("POST", "/rules/try", {"document": document, "subject": "nobody", "at": WEDNESDAY}).status_code == 404
    refused = hr("POST", "/rules/try", {"document": document, "example": 7})
    assert refused.status_code == 400
    assert "7" in refused.json["problems"][0]["problem"]
    assert hr("POST", "/rules/try", {"document": document}).status_code == 400


def test_a_try_counts_what_was_really_said_against_the_budget(story, hr, document, monkeypatch):
    begin_trip(story, "zhang", "2025-06-11T08:00+08:00")
    body = {"document": document, "subject": "zhang", "at": WEDNESDAY}
    monkeypatch.setattr(story.deployment, "profile", replace(story.deployment.profile, nudge_budget={"day": 1}))
    assert hr("POST", "/rules/try", body).json["would"][0]["held_because"] is None
    noon = datetime.fromisoformat("2025-06-11T12:00+08:00")
    finding = story.a_nudge(to="zhang", status=None, at=noon, rule="another")
    with story._row() as row:
        row(
            OutboxRow,
            key="k",
            finding=finding,
            channel="portal",
            recipient="zhang",
            status="sent",
            due=noon,
            released_at=noon,
        )
    assert hr("POST", "/rules/try", body).json["would"][0]["held_because"]["zh"] == "今天的条数到上限了"
