"""A field that is a case: one's own to choose from, nobody else's, and how it is told to whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.plugins.processes.engine_story import FILES, EngineStory
from tideng.base.problems import say
from tideng.store.database import reading
from tideng_processes.cases import case_choices
from tideng_processes.forms import submissions
from tideng_processes.forms.form_check import IncompleteForm
from tideng_processes.forms.submissions import FormAddress
from tideng_processes.views.case_list import CaseLine, CaseQuery, case_list
from tideng_processes.views.process_page import data_lines

TRY = """\
id: trial
title: {zh: 试用, en: Trial}
summary: words
fields:
  words: {type: text, title: {zh: 怎么样, en: How it was}}
  purchase: {type: case, process: purchase, title: {zh: 哪次采购, en: Which purchase}}
  other: {type: case, process: nowhere, title: {zh: 别的, en: Another}}
nodes:
  write:
    title: {zh: 写, en: Write}
    owner: person
    form: [words, "purchase?", "other?"]
    outcomes: {submit: {title: {zh: 交, en: Hand in}, to: read}}
  read:
    title: {zh: 看, en: Read}
    owner: supervisor
    outcomes:
      fine: {title: {zh: 好, en: Fine}, to: done}
      back: {title: {zh: 再写, en: Again}, to: write, note: true, form: false, good: false}
ends: {done: {title: {zh: 好了, en: Done}}}
"""
MANY = 12


@pytest.fixture
def story(a_deployment, tmp_path, database_url) -> EngineStory:
    return EngineStory(a_deployment, tmp_path, database_url, **{**FILES, "processes/trial.yaml": TRY})


@pytest.fixture
def sqlite(a_deployment, tmp_path) -> EngineStory:
    return EngineStory(a_deployment, tmp_path, **{**FILES, "processes/trial.yaml": TRY})


def offered(story: EngineStory, who: str = "zhang") -> list[str]:
    """What is offered, in Chinese."""
    now = story.clock.now()
    with reading(story.deployment.engine) as connection:
        found = case_choices.choices(connection, story.registry, ["purchase"], who, now, now.date())
    return [one.words["zh"] for one in found["purchase"]]


def tried(story: EngineStory, who: str = "zhang", **said: Any) -> str:
    return story.begin(who, "trial", **{"words": "很亮", **said})


def refused(story: EngineStory, **said: Any) -> Mapping[str, str]:
    with pytest.raises(IncompleteForm) as found:
        tried(story, **said)
    return {one.field: say(one.problem().moved(""), "zh").line for one in found.value.asked}


def facts(story: EngineStory, case: str, who: str) -> dict[str, tuple[str, str]]:
    """What the page of a case says: title → (words, the case that opens)."""
    it = story.case(case, who)
    return {one.title: (one.words, one.case) for one in data_lines(it.definition, it.data, "zh", str, it.named)}


# -- choosing ----------------------------------------------------------------------------------------------------------
def test_ones_own_cases_are_offered_newest_first_by_what_they_are_about(story):
    story.begin("zhang", what="样灯")
    story.begin("li", what="别人的灯")
    story.begin("zhang", what="展架")
    assert offered(story) == ["展架", "样灯"]


def test_two_that_read_alike_are_told_apart_by_their_numbers(sqlite):
    for _ in range(2):
        sqlite.begin("zhang", what="样灯")
    assert offered(sqlite) == ["样灯 · purchase-000002", "样灯 · purchase-000001"]


def test_an_ended_case_is_offered_for_half_a_year_and_an_open_one_always(sqlite):
    ended, _open = sqlite.begin("zhang", what="样灯"), sqlite.begin("zhang", what="展架")
    sqlite.hand_in("lead", ended, "approve", "reject", note="这次先不买")
    assert offered(sqlite) == ["展架", "样灯 · 没有买"]
    sqlite.wait(days=181)
    assert offered(sqlite) == ["展架"]


def test_what_is_offered_is_asked_in_one_statement_and_is_not_endless(sqlite):
    for number in range(case_choices.MOST + 1):
        sqlite.begin("zhang", what=f"灯 {number}")
    assert sqlite.statements(lambda: offered(sqlite)) == 1
    assert len(offered(sqlite)) == case_choices.MOST


# -- what may stand ----------------------------------------------------------------------------------------------------
def test_ones_own_case_is_kept_and_opens_for_whom_it_concerns(story):
    purchase = story.begin("zhang", what="样灯")
    case = tried(story, purchase=purchase)
    assert story.case(case).data["purchase"] == purchase
    assert facts(story, case, "lead")["哪次采购"] == ("样灯", purchase)


def test_somebody_elses_case_and_one_of_another_process_cannot_be_chosen(story):
    words = "这里选不了这一件（从列表里选一件就好）"
    elsewhere = tried(story)
    for name in (story.begin("li", what="别人的灯"), elsewhere, "purchase-999999"):
        assert refused(story, purchase=name) == {"purchase": words}


def test_what_is_no_number_is_refused_too(sqlite):
    assert refused(sqlite, purchase=["x"])["purchase"] == "不是文字"
    assert "200" in refused(sqlite, purchase="x" * 201)["purchase"]


def test_of_a_process_that_is_not_there_what_was_said_is_kept(sqlite):
    case = tried(sqlite, other="OA-7")
    assert facts(sqlite, case, "hr")["别的"] == ("OA-7（没有找到这个单号）", "")


def test_what_the_case_had_already_may_stay_when_it_comes_back(sqlite):
    purchase = sqlite.begin("zhang", what="样灯")
    case = tried(sqlite, purchase=purchase)
    sqlite.wait(days=200)
    sqlite.hand_in("lead", case, "read", "back", note="再写两句")
    sqlite.hand_in("zhang", case, "write", "submit", words="很亮，也省电", purchase=purchase)
    assert sqlite.case(case).node == "read"


def test_what_was_chosen_is_looked_at_in_one_statement(sqlite):
    def looked_at(**said: Any) -> int:
        submission = sqlite.submission("submit", {"words": "很亮", **said})

        def look() -> None:
            with reading(sqlite.deployment.engine) as connection:
                zhang = sqlite.viewer("zhang")
                form = FormAddress("trial", "write")
                submissions.preview(sqlite.deployment, connection, zhang, sqlite.directory, form, submission)

        return sqlite.statements(look)

    assert looked_at(purchase=sqlite.begin("zhang")) == looked_at() + 1


# -- telling it --------------------------------------------------------------------------------------------------------
def test_whoever_may_not_open_the_other_case_reads_its_words_only(sqlite):
    """Li had a step of the trial and sees it; the purchase is none of hers."""
    purchase = sqlite.begin("zhang", what="样灯")
    case = tried(sqlite, purchase=purchase)
    sqlite.hand_over("lead", case, "read", "li")
    assert facts(sqlite, case, "li")["哪次采购"] == ("样灯", "")


def test_a_list_tells_which_cases_others_name_in_two_statements_more(story):
    def listed(who: str = "lead") -> list[CaseLine]:
        with reading(story.deployment.engine) as connection:
            arguments = (connection, story.viewer(who), story.directory, story.clock.now(), story.registry)
            return list(case_list(*arguments, CaseQuery(process="trial")).items)

    tried(story)
    plain = story.statements(listed)
    for number in range(MANY):
        tried(story, purchase=story.begin("zhang", what=f"灯 {number}"))
    assert story.statements(listed) == plain + 2
    newest = listed()[0]
    assert [(one.words["zh"], one.opens) for one in newest.names] == [(f"灯 {MANY - 1}", True)]
    assert newest.summary["zh"] == "很亮"
