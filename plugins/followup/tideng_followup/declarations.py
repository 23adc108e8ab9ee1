"""The events that following up adds to the catalogue, among them what is found out about a lost customer."""

from __future__ import annotations

from tideng.plugin import EventType, Field, Text, phrase

CUSTOMER = Field("customer", "text", phrase("Customer"), key=True)
FIELDS = (
    Field("need", "text", phrase("Need"), required=True, key=True),
    CUSTOMER,
    Field("text", "text", phrase("Text")),
    Field("accepted", "boolean", phrase("Accepted")),
    Field("owner", "text", phrase("Who is to answer")),
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
    (RAISED, phrase("Customer need raised")),
    (ANSWERED, phrase("Customer need answered")),
    (PROPOSED, phrase("Proposal submitted")),
    (RECORDED, phrase("Follow-up recorded")),
)
_LOSS = (
    Field("process", "text", phrase("Process"), required=True),
    Field("case", "text", phrase("Case", context="declared"), required=True, key=True),
    CUSTOMER,
    Field("reason", "text", phrase("The customer’s reason")),
)
_NODE = (
    Field("node", "text", phrase("Step"), required=True),
    Field("title", "text", phrase("What the step is called, in Chinese")),
    Field("title_en", "text", phrase("What the step is called, in English")),
    Field("owner", "text", phrase("Owner"), required=True),
    Field("took", "integer", phrase("Hours it took"), unit="hours"),
    Field("planned", "integer", phrase("Hours it was given"), unit="hours"),
    Field("late", "boolean", phrase("Beyond its deadline")),
    Field("improvement", "text", phrase("Improvement"), key=True),
)
_UNCLEAR = (
    Field("written", "text", phrase("The customer as the follow-up says it")),
    Field("open", "boolean", phrase("The follow-up is open")),
)
EVENTS = (
    *(EventType(name, title, FIELDS) for name, title in _TITLES),
    EventType(TAKEN_UP, phrase("Customer need is followed up"), FIELDS[:2]),
    EventType(NODE_FAILED, phrase("Customer lost; a step to improve"), (*_LOSS, *_NODE)),
    EventType(UNEXPLAINED, phrase("Customer lost; no step was late"), _LOSS),
    EventType(
        UNCLEAR,
        phrase("Customer lost; which one is to be asked"),
        (*_LOSS, *_UNCLEAR),
    ),
)
