"""Owners, deadlines and conditions in words."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from tideng.base.durations import Duration
from tideng.org.directory import Directory, Position
from tideng_processes.document.model import (
    Condition,
    Deadline,
    FieldSpec,
    Node,
    OwnerChoice,
    Part,
)
from tideng_processes.document.sentences import (
    condition_words,
    deadline_words,
    duration_words,
    owner_words,
    remind_words,
    span_words,
)

DIRECTORY = Directory(positions=[Position("product_engineer", "产品工程师")])
FIELDS = {
    "days": FieldSpec("days", "number", {"zh": "天数", "en": "Days"}),
    "from": FieldSpec("from", "date", {"zh": "从", "en": "From"}),
    "mentor": FieldSpec("mentor", "person", {"zh": "带教人", "en": "Mentor"}),
    "kind": FieldSpec("kind", "choice", {"zh": "假别", "en": "Kind"}, choices={"sick": {"zh": "病假", "en": "Sick"}}),
}
LONG = Condition("gt", "days", 5)


@pytest.mark.parametrize(
    ("owner", "chinese", "english"),
    [
        (OwnerChoice("supervisor"), "直属主管", "Direct supervisor"),
        (OwnerChoice("person"), "本人", "The person"),
        (OwnerChoice("position", "product_engineer"), "产品工程师", "产品工程师"),
        (OwnerChoice("position", "unknown_post"), "unknown post", "unknown post"),
        (OwnerChoice("role", "finance"), "财务", "Finance"),
        (OwnerChoice("role", "night_watch"), "night watch", "night watch"),
        (OwnerChoice("field", "mentor"), "“带教人”里写的人", "The person named in “Mentor”"),
    ],
)
def test_an_owner_is_called_as_people_call_them(owner, chinese, english):
    assert owner_words(owner, DIRECTORY, FIELDS) == {"zh": chinese, "en": english}


def test_the_usual_owner_comes_first_and_the_others_say_when():
    part = Part("", (OwnerChoice("hr", when=LONG), OwnerChoice("supervisor")))
    assert owner_words(part, DIRECTORY, FIELDS) == {
        "zh": "直属主管；天数多于 5：人事",
        "en": "Direct supervisor; Days more than 5: HR",
    }


def test_whom_a_form_names_comes_first_and_then_who_has_it_where_nobody_is_named():
    named = OwnerChoice("field", "mentor", when=Condition("exists", "mentor", True))
    part = Part("", (named, OwnerChoice("supervisor")))
    assert owner_words(part, DIRECTORY, FIELDS) == {
        "zh": "“带教人”里写的人；没写就是直属主管",
        "en": "The person named in “Mentor”; Direct supervisor if nobody is",
    }
    both = Node("n", {}, (Part("a", (OwnerChoice("person"),)), part), ())
    assert owner_words(both, DIRECTORY, FIELDS)["zh"] == "本人、“带教人”里写的人（没写就是直属主管）"


def test_a_joint_step_names_all_its_owners():
    parts = (Part("a", (OwnerChoice("starter"),)), Part("b", (OwnerChoice("position", "product_engineer"),)))
    assert owner_words(Node("n", {}, parts, ()), DIRECTORY)["zh"] == "发起人、产品工程师"


@pytest.mark.parametrize(
    ("deadline", "chinese", "english"),
    [
        (Deadline(Duration(24, "hours")), "24 小时", "24 hours"),
        (Deadline(Duration(1, "hours")), "1 小时", "1 hour"),
        (Deadline(Duration(8, "hours"), working=True), "8 小时工作时间", "8 hours of working time"),
        (Deadline(Duration(2, "workdays"), working=True), "2 个工作日", "2 workdays"),
        (Deadline(at=time(21)), "当天 21:00", "21:00 the same day"),
        (Deadline(end_of_day=True), "当天结束前", "End of the day"),
        (Deadline(on="from"), "“从”当天", "On the day “From”"),
        (Deadline(on="from", at=time(9)), "“从”当天 09:00", "On the day “From”, 09:00"),
        (Deadline(on="from", end_of_day=True), "“从”当天结束前", "End of the day “From”"),
    ],
)
def test_a_deadline_is_said_as_people_say_it(deadline, chinese, english):
    assert deadline_words(deadline, FIELDS) == {"zh": chinese, "en": english}


def test_where_there_is_no_deadline_there_are_no_words():
    assert [deadline_words(None), remind_words(None), condition_words(None)] == [{}, {}, {}]


def test_a_reminder_comes_before():
    assert remind_words(Duration(4, "hours")) == {"zh": "提前 4 小时提醒", "en": "Reminder 4 hours before"}
    assert duration_words(Duration(1, "workdays")) == {"zh": "1 个工作日", "en": "1 workday"}


@pytest.mark.parametrize(
    ("condition", "chinese", "english"),
    [
        (LONG, "天数多于 5", "Days more than 5"),
        (Condition("is", "kind", "sick"), "假别是病假", "Kind is Sick"),
        (Condition("in", "kind", ["sick", "other"]), "假别是其中之一：病假、other", "Kind one of Sick, other"),
        (Condition("exists", "days", True), "天数填了", "Days is given"),
        (Condition("all", parts=(LONG, Condition("is", "kind", "sick"))), "天数多于 5，且假别是病假", "Days more than 5 and Kind is Sick"),
    ],
)  # fmt: skip
def test_a_condition_names_what_it_asks_for_by_title(condition, chinese, english):
    assert condition_words(condition, FIELDS) == {"zh": chinese, "en": english}


@pytest.mark.parametrize(
    ("took", "chinese"),
    [
        (timedelta(minutes=35), "35 分钟"),
        (timedelta(hours=31), "31 小时"),
        (timedelta(days=4, hours=2), "4 天"),
        (timedelta(seconds=-5), "0 分钟"),
    ],
)
def test_a_span_is_said_in_the_unit_one_would_use(took, chinese):
    assert span_words(took)["zh"] == chinese
