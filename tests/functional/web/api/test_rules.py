"""Rules over the interface for programs: checked, drafted, tried, published, paused, taken back, and asked why not."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sqlalchemy import select
from webstory import NOW

from tideng.store.database import reading, writing
from tideng_admin.auth.accounts import make_key
from tideng_rules.lifecycle.tables import RuleVersionRow

RULE = "daily-report-missing"
ALL_ROLES = ("hr", "boss", "zhang", "look", "impl", "crm")


class Program:
    """A program that calls with the key of one user."""

    def __init__(self, story, login: str):
        with writing(story.deployment.engine) as connection:
            self._key = make_key(connection, login, login, NOW)
        self._client = story.app.test_client()

    def __call__(self, method: str, path: str, body: object = None, **query):
        headers = {"Authorization": f"Bearer {self._key}"}
        return self._client.open(
            f"/api/v1{path}", method=method, json=body, headers=headers, query_string=query or None
        )


@pytest.fixture
def hr(story) -> Program:
    return Program(story, "hr")


@pytest.fixture
def document(hr) -> dict:
    """The rule in force, as its newest version has it."""
    return hr("GET", f"/rules/{RULE}").json["versions"][0]["document"]


def at_eight(document: dict) -> dict:
    """The same rule, asked an hour later, with an example that says so."""
    example = {
        "name": "at eight",
        "at": "2025-06-12T20:00+08:00",
        "facts": {"person.on_trip": True, "metric.reports_today": 0},
        "expect": ["nudge person"],
    }
    silent = {**example, "name": "it is in", "facts": {"person.on_trip": True, "metric.reports_today": 1}, "expect": []}
    return {**document, "when": {"every": "workday", "at": "20:00"}, "examples": [example, silent]}


def test_the_vocabulary_names_what_a_rule_may_say(hr):
    words = hr("GET", "/vocabulary").json
    facts = {one["name"]: one for one in words["facts"]}
    assert facts["person.on_trip"]["type"] == "boolean"
    assert facts["person.on_trip"]["title"].keys() >= {"zh", "en"}
    report = next(one for one in words["events"] if one["name"] == "report.submitted")
    assert "needs.length" in {one["name"] for one in report["fields"]}
    assert {one["effect"] for one in words["actions"]} == {"inform", "ask", "record", "support"}
    assert "between" in words["operators"]["number"]


def test_a_check_says_everything_that_is_wrong_at_once_and_the_rule_in_words(hr, document):
    wrong = {**document, "if": {"fact": "metric.report_today", "is": "0"}, "kind": "remind"}
    found = hr("POST", "/rules/check", {"document": wrong}).json
    assert not found["ok"]
    right = hr("POST", "/rules/check", {"document": at_eight(document)}).json
    assert right["ok"], right["problems"]
    assert "20:00" in right["sentence"]["zh"]
    assert "20:00" in right["sentence"]["en"]
    assert [one["passed"] for one in right["examples"]] == [True, True]


def test_a_check_takes_what_somebody_typed_and_names_the_line(hr):
    found = hr("POST", "/rules/check", {"yaml": "id: x\nwhen: {every: day\nif: ["}).json
    assert not found["ok"]
    assert "line" in found["problems"][0]["at"]


def test_a_draft_is_written_checked_published_and_taken_back(story, hr, document):
    draft = hr("POST", "/drafts", {"document": at_eight(document), "note": "later"}).json
    assert (draft["state"], draft["rule"], draft["based_on"]) == ("open", RULE, 1)
    assert hr("GET", f"/drafts/{draft['id']}/check").json["ok"]
    made = hr("POST", f"/drafts/{draft['id']}/publish", {"note": "an hour later"})
    assert (made.status_code, made.json["version"], made.json["author"]) == (200, 2, "hr")
    changed = hr("GET", f"/rules/{RULE}/differences", **{"from": 1, "to": 2}).json["differences"]
    assert any("19:00" in one["sentence"] and "20:00" in one["sentence"] for one in changed), changed
    back = hr("POST", f"/rules/{RULE}/rollback", {"version": 1}).json
    assert (back["version"], back["document"]["when"]["at"]) == (3, "19:00")
    with reading(story.deployment.engine) as connection:
        states = connection.execute(
            select(RuleVersionRow.version, RuleVersionRow.state).order_by(RuleVersionRow.version)
        )
        assert [tuple(row) for row in states] == [(1, "archived"), (2, "archived"), (3, "published")]


def test_a_draft_is_planned_said_in_words_and_let_go(hr, document):
    at = f"/drafts/{hr('POST', '/drafts', {'document': at_eight(document)}).json['id']}"
    (changed,) = [one for one in hr("GET", f"{at}/differences").json["differences"] if one["place"] == "when"]
    assert "19:00" in changed["sentence"]
    assert "20:00" in changed["sentence"]
    moment = "2025-06-13T09:30:00+08:00"
    plan = hr("POST", f"{at}/publish", {"note": "tomorrow", "at": moment}).json
    assert (plan["state"], plan["publish_by"], plan["note"]) == ("open", "hr", "tomorrow")
    assert datetime.fromisoformat(plan["publish_at"]) == datetime.fromisoformat(moment)
    assert hr("DELETE", f"{at}/schedule").json["publish_at"] is None
    past = hr("POST", f"{at}/publish", {"at": "2025-06-11T09:30:00+08:00"})
    assert (past.status_code, past.json["problems"][0]["at"]) == (400, "at")


def test_a_draft_with_an_error_is_kept_and_not_published(hr, document):
    wrong = {**document, "if": {"fact": "metric.visitz", "is": 0}}
    draft = hr("POST", "/drafts", {"document": wrong}).json
    refused = hr("POST", f"/drafts/{draft['id']}/publish", {})
    assert refused.status_code == 400
    assert any("visitz" in one["problem"] for one in refused.json["problems"])
    assert hr("GET", f"/rules/{RULE}").json["versions"][0]["version"] == 1


def test_an_old_edition_is_refused_and_says_who_saved_meanwhile(story, hr, document):
    draft = hr("POST", "/drafts", {"document": document}).json
    other = Program(story, "impl")
    other("PUT", f"/drafts/{draft['id']}", {"document": at_eight(document), "edition": draft["edition"]})
    late = hr("PUT", f"/drafts/{draft['id']}", {"document": document, "edition": draft["edition"]})
    assert late.status_code == 409
    assert "impl" in json.dumps(late.json, ensure_ascii=False)


def test_a_second_person_approves_where_the_setting_asks_for_it(a_story):
    story = a_story(rules_need_approval=True)
    impl, hr = Program(story, "impl"), Program(story, "hr")
    document = hr("GET", f"/rules/{RULE}").json["versions"][0]["document"]
    draft = impl("POST", "/drafts", {"document": at_eight(document)}).json
    at = f"/drafts/{draft['id']}"
    assert impl("POST", f"{at}/publish", {}).status_code == 400
    impl("POST", f"{at}/ask-approval")
    assert impl("POST", f"{at}/approve").status_code == 403
    assert hr("POST", f"{at}/approve").json["state"] == "approved"
    made = impl("POST", f"{at}/publish", {}).json
    assert (made["author"], made["approved_by"]) == ("impl", "hr")


def test_a_rule_rests_and_speaks_once_more(hr):
    assert hr("POST", f"/rules/{RULE}/pause", {"why": "春节"}).status_code == 200
    shown = hr("GET", "/rules").json["rules"][0]
    assert (shown["state"], shown["why_not_active"]) == ("paused", "春节")
    hr("POST", f"/rules/{RULE}/resume")
    assert hr("GET", "/rules").json["rules"][0]["state"] == "published"


def test_an_archived_rule_comes_back(hr):
    hr("POST", f"/rules/{RULE}/archive")
    assert hr("GET", "/rules").json["rules"] == []
    assert hr("POST", f"/rules/{RULE}/restore", {}).json["version"] == 2


def test_a_preview_tells_how_far_it_is_and_then_its_figures_which_stay_with_the_draft(hr, document):
    draft = hr("POST", "/drafts", {"document": at_eight(document)}).json
    period = {"from": "2025-06-01T00:00:00+08:00", "until": "2025-06-12T19:00:00+08:00"}
    answer = hr("POST", f"/drafts/{draft['id']}/preview", period)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    shares = [line["done"] for line in lines[:-1]]
    assert shares == sorted(shares)
    assert shares
    assert set(lines[-1]) == {"preview", "names"}
    kept = hr("GET", f"/drafts/{draft['id']}").json["preview"]
    assert kept["most_people_a_day"] == lines[-1]["preview"]["most_people_a_day"][RULE]


def test_a_preview_of_a_period_that_ends_before_it_begins_says_so(hr, document):
    period = {"from": "2025-06-12T00:00:00+08:00", "until": "2025-06-01T00:00:00+08:00"}
    answer = hr("POST", "/previews", {"document": document, **period})
    assert "ends before it begins" in answer.text


def test_why_not_answers_in_words_and_only_about_whom_one_may_see(story, hr):
    at = "2025-06-12T19:00:00+08:00"
    found = hr("GET", f"/rules/{RULE}/why-not", subject="zhang", at=at).json
    assert not found["spoke"]
    assert "张三" in found["answer"]["zh"]
    mine, others = (
        Program(story, "zhang")("GET", f"/rules/{RULE}/why-not", subject=who, at=at) for who in ("zhang", "li")
    )
    assert (mine.status_code, others.status_code) == (200, 404)


@pytest.mark.parametrize("login", ALL_ROLES)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/drafts", {"document": {"id": "x"}}),
        ("POST", f"/rules/{RULE}/pause", {}),
        ("POST", f"/rules/{RULE}/archive", None),
        ("POST", f"/rules/{RULE}/rollback", {"version": 1}),
        ("POST", f"/held/{RULE}/send", None),
    ],
)
def test_only_hr_and_implementers_change_rules_and_only_hr_decides_what_is_held(story, login, method, path, body):
    status = Program(story, login)(method, path, body).status_code
    allowed = {"hr"} if path.startswith("/held") else {"hr", "impl"}
    assert (status != 403) == (login in allowed), (login, path, status)


@pytest.mark.parametrize("login", ALL_ROLES)
@pytest.mark.parametrize("path", ["/vocabulary", "/rules", f"/rules/{RULE}", "/drafts", "/held"])
def test_rules_drafts_and_what_is_held_are_read_by_those_who_see_everything(story, login, path):
    status = Program(story, login)("GET", path).status_code
    assert (status == 200) == (login in ("hr", "look", "impl")), (login, path, status)


def test_a_body_that_cannot_be_read_is_told_field_by_field(hr):
    answer = hr("POST", "/drafts", {"document": {"id": "x"}, "yaml": "id: x", "colour": 1})
    assert answer.status_code == 400
    assert {one["at"] for one in answer.json["problems"]} >= {"colour"}
    assert hr("POST", "/drafts", ["no object"]).status_code == 400


def test_what_is_not_there_is_404(hr):
    for path in ("/drafts/999", "/rules/nothing", "/rules/nothing/differences?from=1&to=2", "/nudges/999/why"):
        assert hr("GET", path).status_code == 404, path
