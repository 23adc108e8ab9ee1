"""The gallery and what grows from it: a blueprint filled in, a rule's page, rules in and out as files."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from webstory import FILES, NOW

from tideng.access.viewer import Viewer
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.store.database import reading, writing
from tideng_rules.lifecycle import drafts, publishing, versions

PACK = """\
pack: travel-sales
version: "{version}"
title: {{zh: 出差, en: Trips}}
parameters:
  days: {{type: integer, unit: days, min: 1, max: 90, default: {days}, title: {{zh: 天数, en: Days}}}}
blueprints:
  claim-open:
    topic: claim
    sentence: {{zh: "${{days}} 天没交报销，提醒本人。", en: "No claim within ${{days}} days: remind the person."}}
rules:
  - id: claim-open
    kind: reminder
    title: {{zh: 报销还没交, en: Claim still open}}
    why: {{zh: 钱回来得快, en: {why}}}
    when: {{event: trip.ended, without: claim.submitted, within: "${{days}} days", match: trip}}
    then:
      - nudge: person
        message: {{zh: 报销还没交，大约 10 分钟。, en: "The claim is still open, about 10 minutes."}}
    limit: {{once_per: occurrence}}
    examples:
      - {{name: days later, at: 2026-03-09T18:00+08:00, facts: {{}}, expect: [nudge person]}}
"""
WRITTEN = """\
# the night report, ours
id:   night-report
kind: reminder
title: {zh: 夜里的日报, en: 'Report at night'}
why: {zh: 主管能帮上忙, en: Help in time}
when: {every: workday, at: "20:00"}   # later than the others
who: {fact: person.on_trip, is: true}
if: {fact: metric.reports_today, is: 0}
then:
  - nudge: person
    message: {zh: 今天的日报还没写，大约 3 分钟。, en: "Today’s report is still open, about 3 minutes."}
limit: {once_per: day}
examples:
  - {name: at eight, at: 2025-06-12T20:00+08:00, facts: {person.on_trip: true, metric.reports_today: 0}, expect: [nudge person]}
  - {name: it is in, at: 2025-06-12T20:00+08:00, facts: {person.on_trip: true, metric.reports_today: 1}, expect: []}
"""
HR = Viewer("hr", "hr", frozenset({"hr"}))


def apply_pack(story, tmp_path, version="1", days=5, why="Money is back sooner"):
    folder = tmp_path / "client"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "packs").mkdir(exist_ok=True)
    (folder / "packs" / "trips.yaml").write_text(
        PACK.format(version=version, days=days, why=why).replace("travel-sales", "trips"), "utf-8"
    )
    if version != "1":
        older = PACK.format(version="1", days=5, why="Money is back sooner").replace("travel-sales", "trips")
        (folder / "packs" / "trips@1.yaml").write_text(older, "utf-8")
    apply(story.deployment, read_bundle(folder))


def publish(story, id: int):
    with writing(story.deployment.engine) as connection:
        ground = publishing.Ground.of(story.deployment, connection)
        return publishing.publish_draft(connection, HR, id, NOW, ground)


def draft_of(story, answer):
    with reading(story.deployment.engine) as connection:
        return drafts.draft(connection, HR, int(re.search(r"/drafts/(\d+)", answer.location)[1]))


@pytest.fixture
def hr(story):
    return story.as_("hr", language="en")


def test_cards_show_sentences_with_their_numbers_topics_and_only_what_was_measured(hr):
    page = hr.get("/gallery/").text
    assert '<span class="pm">100</span>' in page
    assert "1,959 trips" in page
    assert "10.4121/uuid" in page, "what was measured names where"
    assert "a day here" not in page, "nothing was tried here"
    assert page.count("No data yet") == 17
    assert "1,959" not in hr.get("/gallery/?topic=report").text
    assert "Travel claim still open" in hr.get("/gallery/?q=报销").text
    assert "Some visits to go" not in hr.get("/gallery/?q=报销").text


def test_everything_wrong_with_the_numbers_stands_beside_the_fields_and_nothing_is_begun(story, hr):
    form = {"p.report_time": "25:00", "p.report_step": "soon"}
    answer = hr.post("/gallery/travel-sales/daily-report-missing", what="use", **form)
    assert answer.status_code == 400
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'value="25:00"' in answer.text
    assert 'value="soon"' in answer.text
    with reading(story.deployment.engine) as connection:
        assert drafts.drafts(connection, HR) == []


def test_use_this_makes_a_draft_with_the_numbers_that_knows_its_pack(story, hr):
    made = draft_of(story, hr.post("/gallery/travel-sales/claim-not-submitted", what="use", **{"p.claim_days": "7"}))
    assert made.document["when"]["within"] == "7 days"
    assert made.origin == {"pack": "travel-sales", "version": "1", "parameters": {"claim_days": 7}}
    publish(story, made.id)
    page = hr.get("/rules/claim-not-submitted").text
    assert re.search(r'name="p.claim_days" value="7"', page)
    again = draft_of(story, hr.post("/gallery/travel-sales/claim-not-submitted", what="use", **{"p.claim_days": "9"}))
    assert (again.based_on, again.document["when"]["within"]) == (1, "9 days")


def test_try_first_goes_to_the_try_of_the_new_draft(hr):
    answer = hr.post("/gallery/travel-sales/claim-not-submitted", what="try", **{"p.claim_days": "7"})
    assert re.search(r"/drafts/\d+/try", answer.location)


def test_a_newer_pack_of_the_client_says_what_changes_and_keeps_what_people_changed(story, hr, tmp_path):
    apply_pack(story, tmp_path)
    made = draft_of(story, hr.post("/gallery/trips/claim-open", what="use", **{"p.days": "8"}))
    with writing(story.deployment.engine) as connection:
        own = {**made.document, "title": {"zh": "报销", "en": "Our own title"}}
        drafts.save_draft(connection, HR, made.id, own, made.edition, NOW)
    publish(story, made.id)
    apply_pack(story, tmp_path, "2", 6, "It is handed in while the papers are at hand")
    page = hr.get("/rules/claim-open").text
    assert "Version 2 of the pack is available" in page
    assert "while the papers are at hand" in page
    taken = draft_of(story, hr.post("/gallery/trips/claim-open", what="upgrade"))
    assert taken.document["title"]["en"] == "Our own title"
    assert taken.document["when"]["within"] == "8 days"
    assert taken.document["why"]["en"] == "It is handed in while the papers are at hand"
    assert taken.origin["version"] == "2"


def test_one_sentence_begins_a_draft_with_that_title_and_nothing_made_up(story, hr):
    made = draft_of(story, hr.post("/gallery/sentence", sentence="People forget their  receipts"))
    assert made.document["title"] == {"en": "People forget their receipts"}
    assert made.note == "People forget their receipts"
    assert "then" not in made.document
    assert hr.post("/gallery/sentence", sentence=" ").status_code == 400


def test_the_gallery_and_the_files_are_for_those_who_write_or_check_rules(story):
    assert story.as_("look").get("/gallery/").status_code == 200
    assert story.as_("look").post("/gallery/sentence", sentence="x").status_code == 403
    assert story.as_("look").get("/rule-files/import").status_code == 403
    for path in ("/gallery/", "/rule-files/rules.yaml", "/rule-files/one/daily-report-missing.yaml"):
        assert story.as_("zhang").get(path).status_code == 403


def test_a_rule_page_tells_the_last_days_in_words_and_a_table(story, hr):
    story.a_nudge(at=NOW - timedelta(days=1), response="disputed")
    story.a_nudge(at=NOW - timedelta(days=1))
    story.a_nudge(at=NOW - timedelta(days=100))
    page = hr.get("/rules/daily-report-missing").text
    assert "2 nudges on 1 days; 1 answered, 1 of them contested. At most 2 on one day." in page
    assert "data-days=" in page
    assert re.search(r'Nudges in 30 days">2<', hr.get("/rules/").text)
    assert "contested" not in story.as_("zhang", language="en").get("/rules/daily-report-missing").text


def test_the_list_is_searched_by_words_and_kind_and_keeps_archived_rules_apart(hr):
    assert "daily-report-missing" in hr.get("/rules/?q=日报").text
    assert "No rule fits" in hr.get("/rules/?q=visits").text
    assert "No rule fits" in hr.get("/rules/?kind=escalation").text
    hr.post("/rules/daily-report-missing/archive")
    assert "daily-report-missing" not in hr.get("/rules/").text
    assert "daily-report-missing" in hr.get("/rules/?state=archived").text


def test_a_duplicate_is_a_draft_of_a_new_rule(story, hr):
    made = draft_of(story, hr.post("/rules/daily-report-missing/copy"))
    assert (made.rule, made.based_on, made.document["id"]) == ("daily-report-missing-2", None, "daily-report-missing-2")
    assert draft_of(story, hr.post("/rules/daily-report-missing/copy")).rule == "daily-report-missing-3"


def test_what_was_imported_is_exported_byte_for_byte_until_it_is_changed(story, hr):
    raw = WRITTEN.replace("\n", "\r\n").encode()
    looked = hr.client.post(
        "/rule-files/import",
        data={"file": (io.BytesIO(raw), "r.yaml"), "what": "look", "csrf_token": hr.token()},
        content_type="multipart/form-data",
    )
    assert "a new rule" in looked.text
    kept = re.search(r'name="kept" value="([^"]+)"', looked.text)[1]
    made = draft_of(story, hr.post("/rule-files/import", what="begin", kept=kept))
    publish(story, made.id)
    assert hr.get("/rule-files/one/night-report.yaml").data == raw
    assert raw in hr.get("/rule-files/rules.yaml").data
    again = draft_of(story, hr.post("/drafts/new", rule="night-report"))
    with writing(story.deployment.engine) as connection:
        changed = {**again.document, "why": {"zh": "早点帮忙", "en": "Help sooner"}}
        drafts.save_draft(connection, HR, again.id, changed, again.edition, NOW)
    publish(story, again.id)
    text = hr.get("/rule-files/one/night-report.yaml").text
    assert "Help sooner" in text
    assert "later than the others" not in text, "a comment of a text that no longer says what the rule does"
    assert hr.get("/rule-files/one/night-report.yaml?version=1").data == raw


def test_an_import_says_all_that_is_wrong_with_its_lines_and_saves_nothing(story, hr):
    broken = WRITTEN.replace("metric.reports_today, is", "metric.report_today, is")
    text = broken + "---\n" + WRITTEN.replace("night-report", "other").replace("kind: reminder", "kind: reminders")
    answer = hr.post("/rule-files/import", what="begin", text=text)
    assert answer.status_code == 400
    assert "line 8: night-report: if.fact" in answer.text
    assert "line 19: other: kind" in answer.text
    assert "Nothing was saved" in answer.text
    assert "later than the others" in answer.text, "nothing typed is lost"
    with reading(story.deployment.engine) as connection:
        assert drafts.drafts(connection, HR) == []


def test_an_id_that_exists_becomes_a_draft_of_that_rule_and_that_is_said_before(story, hr):
    text = WRITTEN.replace("night-report", "daily-report-missing")
    looked = hr.post("/rule-files/import", what="look", text=text).text
    assert "becomes a draft of it, beside version 1" in looked
    made = draft_of(story, hr.post("/rule-files/import", what="begin", text=text))
    assert (made.rule, made.based_on) == ("daily-report-missing", 1)
    with reading(story.deployment.engine) as connection:
        assert versions.latest(connection, "daily-report-missing").version == 1


def test_two_rules_of_one_id_in_one_import_are_refused_with_both_lines(hr):
    answer = hr.post("/rule-files/import", what="begin", text=WRITTEN + "---\n" + WRITTEN)
    assert answer.status_code == 400
    assert answer.text.count("is there 2 times") == 2
    assert "line 2: night-report: id" in answer.text
    assert "line 18: night-report: id" in answer.text
