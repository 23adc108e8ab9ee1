"""The core processes, each walked from end to end: as it is meant, with a no, beyond a deadline, and with an owner on leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.plugins.processes.walking import Office, Walk, after, just_before, moment


@dataclass(frozen=True)
class Does:
    """Somebody hands in the step at which the case stands; `part` where several owners share it."""

    by: str
    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    part: str = ""

    def happens(self, case: Walk) -> None:
        case.does(self.by, self.outcome, self.note, self.part, **self.data)


@dataclass(frozen=True)
class Until:
    """Time passes."""

    at: str

    def happens(self, case: Walk) -> None:
        case.until(self.at)


@dataclass(frozen=True)
class Story:
    """A process as it is walked here. `way`: what happens until the `end`, after its beginning by `by` (`about` somebody);
    `steps`: where it went; `emits`: which events came of it. `no`: another way, to the end `refused`. `waits_for`: after
    `before`, the step is this owner's until `due`; when they are on leave it is `instead`'s."""

    process: str
    data: Mapping[str, Any]
    way: tuple[Does | Until, ...]
    steps: tuple[str, ...]
    end: str
    no: tuple[Does | Until, ...]
    refused: str
    waits_for: str
    due: str
    instead: str
    emits: tuple[str, ...] = ()
    by: str = "zhang"
    about: str = ""
    before: tuple[Does | Until, ...] = ()


STORIES = (
    Story(
        process="trip",
        data={
            "purpose": "看样板间",
            "from": "2026-03-09",
            "until": "2026-03-11",
            "itinerary": [{"date": "2026-03-09", "city": "太原", "customer": "恒亮照明"}],
            "customers": ["恒亮照明"],
            "planned_visits": 5,
        },
        way=(Does("lead", "agree"), Until("2026-03-12 00:00")),
        steps=("request", "approve", "waiting", "on_trip"),
        end="ended",
        emits=("trip.requested", "trip.approved", "trip.started", "trip.ended"),
        no=(Does("lead", "reject", note="这周有培训，下周去更顺路。"),),
        refused="not_agreed",
        waits_for="lead",
        due="2026-03-03 09:00",
        instead="vice",
    ),
    Story(
        process="claim",
        data={"from": "2026-02-24", "until": "2026-02-26", "amount": 1280, "currency": "CNY", "remark": "发票随后补。"},
        way=(Does("cash", "approve"), Does("cash", "pay")),
        steps=("write", "check", "pay"),
        end="paid",
        emits=("claim.submitted", "claim.approved", "claim.paid"),
        no=(Does("cash", "reject", note="这笔是客户付的。"),),
        refused="not_paid",
        waits_for="cash",
        due="2026-03-04 09:00",
        instead="cash2",
    ),
    Story(
        process="leave",
        data={"kind": "annual", "from": "2026-03-09", "until": "2026-03-10", "days": 2},
        way=(Does("lead", "agree"), Until("2026-03-11 00:00")),
        steps=("request", "approve", "waiting", "away"),
        end="taken",
        emits=("leave.started", "leave.ended"),
        no=(Does("lead", "reject", note="那两天有展会，前后一天都可以。"),),
        refused="not_agreed",
        waits_for="lead",
        due="2026-03-03 09:00",
        instead="vice",
    ),
    Story(
        process="attendance_correction",
        data={"day": "2026-02-27", "time": "08:55", "kind": "visit", "customer": "恒亮照明", "why": "no_signal"},
        way=(Does("lead", "agree"),),
        steps=("add", "confirm"),
        end="added",
        emits=("attendance.checked_in",),
        no=(Does("lead", "decline", note="那天好像是周四？"),),
        refused="not_added",
        waits_for="lead",
        due="2026-03-04 09:00",
        instead="vice",
    ),
    Story(
        process="onboarding",
        by="hr",
        data={
            "name": "钱刚",
            "newcomer": "qian",
            "unit": "sales",
            "position": "rep",
            "supervisor": "lead",
            "first_day": "2026-03-09",
            "needs": [{"what": "电脑"}, {"what": "样品箱", "who": "产品部"}],
        },
        way=(
            Does("hr", "ready", {"ready": ["合同", "工牌"]}),
            Does("lead", "ready", {"ready": ["座位", "电脑"]}),
            Until("2026-03-09 09:30"),
            Does("hr", "arrived", {"contract": True}),
            Does("lead", "talked", {"first_week": "上手很快，还缺一份产品手册。"}),
            Does("hr", "settled", {"first_month": "和想的一样。"}),
        ),
        steps=("plan", "prepare", "arrive", "first_week", "first_month"),
        end="settled",
        emits=("person.joined",),
        no=(Does("lead", "change", note="下个月才有位置。"), Does("hr", "withdraw")),
        refused="not_coming",
        before=(
            Does("hr", "ready"),
            Does("lead", "ready"),
            Until("2026-03-09 09:00"),
            Does("hr", "arrived", {"contract": True}),
        ),
        waits_for="lead",
        due="2026-03-16 09:00",
        instead="vice",
    ),
    Story(
        process="transfer",
        by="lead",
        about="zhang",
        data={
            "unit": "south",
            "position": "rep",
            "supervisor": "south",
            "from": "2026-03-16",
            "reason": "老家在南方，想离得近些。",
        },
        way=(
            Does("zhang", "gladly", {"wish": "正合适。"}),
            Does("lead", "agree"),
            Does("south", "agree"),
            Does("hr", "confirm"),
            Does("zhang", "done", {"handover": [{"what": "恒亮照明", "to": "赵宁"}]}),
            Until("2026-03-16 00:00"),
            Does("south", "talked", {"settled": "客户都接上了。"}),
        ),
        steps=("propose", "ask", "teams", "confirm", "hand_over", "waiting", "settle"),
        end="moved",
        emits=("person.moved",),
        no=(Does("zhang", "rather_not"),),
        refused="stays",
        before=(Does("zhang", "gladly"), Does("lead", "agree")),
        waits_for="south",
        due="2026-03-04 09:00",
        instead="boss",
    ),
    Story(
        process="offboarding",
        data={"last_day": "2026-03-31", "why": "family", "words": "谢谢大家。"},
        way=(
            Does("lead", "go_on", {"could_help": "差旅可以少一点。"}),
            Does("hr", "agreed", {"agreed_day": "2026-03-20"}),
            Does("zhang", "done", {"handover": [{"what": "恒亮照明", "to": "赵宁"}], "returned": ["电脑", "样品箱"]}),
            Does("lead", "done"),
            Does("cash", "settled"),
            Does("hr", "done", {"learned": "路上的时间太长。"}),
            Until("2026-03-21 00:00"),
        ),
        steps=("tell", "talk", "agree", "hand_over", "settle", "farewell", "waiting"),
        end="left",
        emits=("person.left",),
        no=(Does("lead", "think", note="不着急，再想两天。"), Does("zhang", "withdraw")),
        refused="stays",
        waits_for="lead",
        due="2026-03-04 09:00",
        instead="vice",
    ),
    Story(
        process="sample_request",
        data={
            "customer": "恒亮照明",
            "items": [{"model": "轨道射灯 12W", "pieces": 2, "remark": "3000K"}],
            "purpose": "看显色和眩光",
            "needed_by": "2026-03-10",
            "address": "太原市迎泽大街 1 号",
        },
        way=(
            Does("maker", "have"),
            Does("maker", "sent", {"sent_on": "2026-03-03", "parcel": "SF100200300"}),
            Does("zhang", "heard", {"reaction": "wants", "feedback": "比上一家的柔和，想要三十套。"}),
        ),
        steps=("request", "check", "send", "feedback"),
        end="done",
        no=(Does("maker", "none", note="这款停产了，下个月有新款。"),),
        refused="none",
        waits_for="maker",
        due="2026-03-03 09:00",
        instead="maker2",
    ),
    Story(
        process="complaint",
        data={
            "customer": "恒亮照明",
            "product": "走廊筒灯",
            "what": "有三盏灯晚上会闪，客人提了两次。",
            "weight": "annoying",
        },
        way=(
            Does("fixer", "answered", {"first_words": "收到了，下午给您答复。"}),
            Does("fixer", "found", {"cause": "fitting", "remedy": "换三个驱动，重新接线。", "promised": "2026-03-05"}),
            Does("maker", "found", {"cause": "fitting", "remedy": "换三个驱动，重新接线。", "promised": "2026-03-05"}),
            Does("fixer", "done", {"done_words": "已换好，试了一晚。"}),
            Does("zhang", "content", {"customer_says": "不闪了，谢谢。"}),
        ),
        steps=("record", "first_answer", "find_cause", "put_right", "ask_customer"),
        end="closed",
        no=(Does("fixer", "not_ours", note="那批灯是另一家装的，已帮客户找到电话。"),),
        refused="not_ours",
        waits_for="fixer",
        due="2026-03-02 13:00",
        instead="fixer2",
    ),
    Story(
        process="monthly_review",
        data={
            "month": "2026-02-01",
            "went_well": "新客户谈下来三家，都愿意再见。",
            "hard": "样品常常晚到。",
            "focus": ["样品提前一周申请"],
        },
        way=(
            Does(
                "lead",
                "answer",
                {"answer": "三家新客户很不容易，样品我来催。", "support": [{"what": "和产品部说定样品时间"}]},
            ),
            Does("zhang", "settled"),
            Does("lead", "settled"),
        ),
        steps=("write", "answer", "settle"),
        end="done",
        no=(Does("lead", "more", note="样品晚到是哪几次？"), Does("zhang", "withdraw")),
        refused="skipped",
        waits_for="lead",
        due="2026-03-05 09:00",
        instead="vice",
    ),
    Story(
        process="customer_followup",
        data={"customer": "恒亮照明", "needs": "大堂 120 盏射灯，三月底装，每盏八百以内。", "owner": "maker"},
        way=(
            Does("maker", "answered", {"possible": "yes", "answer": "能做，12W 射灯，交期 12 天。"}),
            Does("zhang", "submit", {"proposal": "120 盏轨道射灯，含安装指导。"}),
            Does("maker", "submit", {"proposal": "120 盏轨道射灯，含安装指导。", "price": 93600, "currency": "CNY"}),
            Does("zhang", "recorded", {"accepted": True, "said": "就按这个做。"}),
        ),
        steps=("raise", "answer", "proposal", "follow_up"),
        end="accepted",
        emits=("need.raised", "need.answered", "proposal.submitted", "followup.recorded"),
        no=(
            Does("maker", "answered", {"possible": "no", "answer": "这个色温没有，最近的是 3000K。"}),
            Does("zhang", "recorded", {"accepted": False, "reason": "product"}),
        ),
        refused="not_accepted",
        waits_for="maker",
        due="2026-03-03 09:00",
        instead="maker2",
    ),
)
A_FEW = ("trip", "transfer", "offboarding", "customer_followup")
"""Walked on PostgreSQL as well; what is kept and read is the same for all."""


def each(*names: str):
    chosen = [story for story in STORIES if not names or story.process in names]
    return pytest.mark.parametrize("story", chosen, ids=lambda story: story.process)


@pytest.fixture
def office(a_deployment, tmp_path) -> Office:
    return Office.open(a_deployment, tmp_path / "client")


def begun(office: Office, story: Story) -> Walk:
    return office.begin(story.process, story.by, story.data, story.about)


def happen(case: Walk, *moves: Does | Until) -> Walk:
    for move in moves:
        move.happens(case)
    return case


def as_it_is_meant(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.way)
    assert case.end == story.end
    assert case.definition.ends[case.end].good
    assert case.visited == list(story.steps)
    assert case.emitted == list(story.emits)
    assert case.owners == []
    assert case.told("node.overdue") == []
    assert len(case.told("node.entered")) == len(case.told("node.done")) == len(case.tasks)
    assert case.history[-1] == f"ended {story.end}"


@each()
def test_it_is_walked_as_it_is_meant(office, story):
    as_it_is_meant(office, story)


@each(*A_FEW)
def test_and_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    as_it_is_meant(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


@each()
def test_a_no_ends_it_kindly_and_the_words_stay_with_it(office, story):
    case = happen(begun(office, story), *story.no)
    assert case.end == story.refused
    assert case.owners == []
    notes = [move.note for move in story.no if isinstance(move, Does) and move.note]
    assert all(note in case.notes for note in notes)
    began = {"trip.requested", "claim.submitted", "claim.rejected", "need.raised", "need.answered", "followup.recorded"}
    assert set(case.emitted) <= began  # nothing that was asked for has happened


def beyond_its_deadline(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.before)
    assert (case.owners, case.due) == ([story.waits_for], story.due)
    case.until(just_before(story.due))
    assert case.told("node.overdue") == []
    case.until(story.due)
    (told,) = case.told("node.overdue")
    assert (told["owner"], told["node"], told["due"]) == (story.waits_for, case.node, moment(story.due).isoformat())
    assert len(case.told("node.near")) == (1 if case.definition.nodes[case.node].remind else 0)
    assert case.owners == [story.waits_for]
    case.until(after(story.due))
    happen(case, *story.way[len(story.before) :])
    assert case.end == story.end  # late is late, and as good as ever
    assert [(task.node, task.owner) for task in case.tasks if task.late] == [(told["node"], story.waits_for)]
    assert len(case.told("node.overdue")) == 1


@each()
def test_a_step_beyond_its_deadline_is_told_once_and_can_still_be_done(office, story):
    beyond_its_deadline(office, story)


@each(*A_FEW)
def test_a_deadline_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    beyond_its_deadline(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


def in_place_of(story: Story, *moves: Does | Until) -> list[Does | Until]:
    """The same moves, by whoever stands in."""
    by_another = [isinstance(move, Does) and move.by == story.waits_for for move in moves]
    return [replace(move, by=story.instead) if it else move for move, it in zip(moves, by_another, strict=True)]  # type: ignore[call-arg]


def goes_on(case: Walk, story: Story) -> None:
    """The stand-in has it, and with what they do it comes to its end."""
    assert case.owners == [story.instead]
    happen(case, *in_place_of(story, *story.way[len(story.before) :]))
    assert case.end == story.end


def stood_in_for(office: Office, story: Story) -> None:
    case = happen(begun(office, story), *story.before)
    office.goes_on_leave(story.waits_for)
    assert [task.meant_for for task in case.tasks if task.state == "open"] == [story.waits_for]
    assert case.history[-1].startswith("handed_over")
    goes_on(case, story)


@each()
def test_whoever_goes_on_leave_is_stood_in_for_at_once(office, story):
    stood_in_for(office, story)


@each(*A_FEW)
def test_a_stand_in_on_postgresql(a_deployment, tmp_path, postgres_url, story):
    stood_in_for(Office.open(a_deployment, tmp_path / "client", postgres_url), story)


@each()
def test_what_comes_to_whoever_is_on_leave_has_its_stand_in_from_the_start(office, story):
    office.goes_on_leave(story.waits_for)
    case = happen(begun(office, story), *in_place_of(story, *story.before))
    assert not any(line.startswith("handed_over") for line in case.history)
    goes_on(case, story)


@each()
def test_with_nobody_else_there_hr_has_it_and_never_nobody(office, story):
    office.goes_on_leave(*{story.waits_for, story.instead, "boss", "lead", "vice"} - {story.by})
    assert set(begun(office, story).owners) <= {"hr", "hr2", story.about}
