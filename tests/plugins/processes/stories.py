"""How each of the core processes is walked, as data: who does what until it ends, and who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.plugins.processes.walking import Walk


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
    due: str
    emits: tuple[str, ...] = ()
    by: str = "zhang"
    about: str = ""
    before: tuple[Does | Until, ...] = ()
    waits_for: str = "lead"
    instead: str = "vice"


FOUND = {"cause": "fitting", "remedy": "换三个驱动，重新接线。", "promised": "2026-03-05"}
PROPOSAL = {"proposal": "120 盏轨道射灯，含安装指导。"}
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
        due="2026-03-03 09:00",
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
        process="daily_report",
        data={
            "date": "2026-03-02",
            "communication": "见了恒亮照明的采购经理，看了大堂和走廊。",
            "needs": "大堂要可调光，走廊要防眩。" * 10,
            "plan": "去万家灯饰。",
        },
        way=(Does("lead", "read"),),
        steps=("write", "read"),
        end="done",
        emits=("report.submitted",),
        no=(
            Does("lead", "ask", note="预算大概多少？"),
            Does("zhang", "submit", {"communication": "见了采购经理。", "needs": "预算每间八百，三月底装。" * 10}),
            Does("lead", "read"),
        ),
        refused="done",
        due="2026-03-04 09:00",
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
        due="2026-03-03 09:00",
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
        due="2026-03-04 09:00",
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
        due="2026-03-16 09:00",
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
        due="2026-03-04 09:00",
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
            Does("fixer", "found", FOUND),
            Does("maker", "found", FOUND),
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
        due="2026-03-05 09:00",
    ),
    Story(
        process="customer_followup",
        data={"customer": "恒亮照明", "needs": "大堂 120 盏射灯，三月底装，每盏八百以内。", "owner": "maker"},
        way=(
            Does("maker", "answered", {"possible": "yes", "answer": "能做，12W 射灯，交期 12 天。"}),
            Does("zhang", "submit", PROPOSAL),
            Does("maker", "submit", {**PROPOSAL, "price": 93600, "currency": "CNY"}),
            Does("zhang", "recorded", {"accepted": True, "said": "就按这个做。"}),
        ),
        steps=("raise", "answer", "proposal", "follow_up"),
        end="accepted",
        emits=("need.raised", "need.taken_up", "need.answered", "proposal.submitted", "followup.recorded"),
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


def story_of(process: str) -> Story:
    return next(one for one in STORIES if one.process == process)
