"""The events that following up adds to the catalogue, among them what is found out about a lost customer."""

from __future__ import annotations

from tideng.plugin import EventType, Field, Text

CUSTOMER = Field("customer", "text", {"zh": "客户", "en": "Customer"}, key=True)
FIELDS = (
    Field("need", "text", {"zh": "客户需求编号", "en": "Need"}, required=True, key=True),
    CUSTOMER,
    Field("text", "text", {"zh": "内容", "en": "Text"}),
    Field("accepted", "boolean", {"zh": "是否采纳", "en": "Accepted"}),
    Field("owner", "text", {"zh": "负责答复的人", "en": "Who is to answer"}),
)
RAISED, ANSWERED, PROPOSED, RECORDED = "need.raised", "need.answered", "proposal.submitted", "followup.recorded"
TAKEN_UP = "need.taken_up"
"""A case now carries this need and has deadlines of its own; rules that wait for an answer stop waiting."""
LOST = "customer.lost"
"""Sent by sales systems, and declared by the connectors."""
NODE_FAILED, UNEXPLAINED = "node.failed", "loss.unexplained"
UNCLEAR = "loss.unclear"
"""The lost customer may be the one of this follow-up, or another one with almost the same name; the person who
follows up knows."""

_TITLES: tuple[tuple[str, Text], ...] = (
    (RAISED, {"zh": "客户提出需求", "en": "Customer need raised"}),
    (ANSWERED, {"zh": "已回应客户需求", "en": "Customer need answered"}),
    (PROPOSED, {"zh": "提交方案", "en": "Proposal submitted"}),
    (RECORDED, {"zh": "记录跟进", "en": "Follow-up recorded"}),
)
_LOSS = (
    Field("process", "text", {"zh": "流程", "en": "Process"}, required=True),
    Field("case", "text", {"zh": "哪一件", "en": "Case"}, required=True, key=True),
    CUSTOMER,
    Field("reason", "text", {"zh": "客户的原因", "en": "The customer’s reason"}),
)
_NODE = (
    Field("node", "text", {"zh": "步骤", "en": "Step"}, required=True),
    Field("title", "text", {"zh": "步骤名称", "en": "What the step is called, in Chinese"}),
    Field("title_en", "text", {"zh": "步骤英文名称", "en": "What the step is called, in English"}),
    Field("owner", "text", {"zh": "谁负责", "en": "Owner"}, required=True),
    Field("took", "integer", {"zh": "用了几小时", "en": "Hours it took"}, unit="hours"),
    Field("planned", "integer", {"zh": "原定几小时", "en": "Hours it was given"}, unit="hours"),
    Field("late", "boolean", {"zh": "超过了期限", "en": "Beyond its deadline"}),
    Field("improvement", "text", {"zh": "改进项编号", "en": "Improvement"}, key=True),
)
_UNCLEAR = (
    Field("written", "text", {"zh": "跟进里写的客户", "en": "The customer as the follow-up says it"}),
    Field("open", "boolean", {"zh": "跟进还开着", "en": "The follow-up is open"}),
)
EVENTS = (
    *(EventType(name, title, FIELDS) for name, title in _TITLES),
    EventType(TAKEN_UP, {"zh": "客户需求已有人跟进", "en": "Customer need is followed up"}, FIELDS[:2]),
    EventType(
        NODE_FAILED, {"zh": "客户没成交，有一步可以改进", "en": "Customer lost; a step to improve"}, (*_LOSS, *_NODE)
    ),
    EventType(UNEXPLAINED, {"zh": "客户没成交，每一步都按时", "en": "Customer lost; no step was late"}, _LOSS),
    EventType(
        UNCLEAR,
        {"zh": "客户没成交，是哪一家要问一句", "en": "Customer lost; which one is to be asked"},
        (*_LOSS, *_UNCLEAR),
    ),
)
