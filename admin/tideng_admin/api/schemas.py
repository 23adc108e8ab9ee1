"""The shapes of the interface: what is checked coming in, what goes out, and what the description says of both."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from tideng.access.paging import MAX_PAGE_SIZE, PAGE_SIZE
from tideng.model.statuses import HeldReason, NudgeStatus

RECEIPTS = ("accepted", "duplicate", "refused", "conflict")

_NUDGE_STATUSES = tuple(one.value for one in NudgeStatus)


class EventSchema(Schema):
    """A CloudEvents 1.0 object. Described here; read and checked by the core's intake, which knows the types."""

    specversion = fields.String(required=True, validate=validate.Equal("1.0"))
    id = fields.String(required=True, metadata={"description": "Unique within the source"})
    source = fields.String(required=True)
    type = fields.String(required=True, metadata={"example": "report.submitted"})
    time = fields.AwareDateTime(required=True, metadata={"description": "When it happened, with its offset"})
    subject = fields.String(required=True, metadata={"description": "The person's id, or the case's"})
    data = fields.Dict()


class ProblemSchema(Schema):
    at = fields.String(metadata={"description": "Where, as a path"})
    problem = fields.String(metadata={"description": "In the caller's language"})
    hint = fields.String(metadata={"description": "The way out; empty where there is none"})
    severity = fields.String(metadata={"description": "error or warning"})
    code = fields.String(metadata={"description": "The kind of problem; it stays the same"})
    params = fields.Dict(keys=fields.String(), metadata={"description": "What fills the sentence"})


class ReceiptSchema(Schema):
    status = fields.String(validate=validate.OneOf(RECEIPTS))
    id = fields.String()
    source = fields.String()
    problems = fields.List(fields.Nested(ProblemSchema))


class ReceiptsSchema(Schema):
    results = fields.List(
        fields.Nested(ReceiptSchema), metadata={"description": "One for each event, in the same order"}
    )
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())


class ErrorSchema(Schema):
    error = fields.String(required=True)
    problems = fields.List(fields.Nested(ProblemSchema))


class NudgeQuery(Schema):
    status = fields.String(validate=validate.OneOf(_NUDGE_STATUSES))
    rule = fields.String(metadata={"description": "A rule's id"})
    person = fields.String(metadata={"description": "Whom it is about, or who was told"})
    action = fields.String(metadata={"description": "nudge, ask, mark, infer, emit, improve, plan"})
    since = fields.AwareDateTime(metadata={"description": "Not before this moment"})
    until = fields.AwareDateTime(metadata={"description": "Not after this moment"})
    limit = fields.Integer(load_default=PAGE_SIZE, validate=validate.Range(1, MAX_PAGE_SIZE))
    cursor = fields.Integer(metadata={"description": "`next` of the page before"})


class ReasonSchema(Schema):
    part = fields.String()
    fact = fields.String()
    op = fields.String()
    value = fields.Raw(allow_none=True)
    operand = fields.Raw(allow_none=True)
    holds = fields.Boolean()


class DeliverySchema(Schema):
    channel = fields.String()
    recipient = fields.String()
    status = fields.String()
    attempts = fields.Integer()
    due = fields.AwareDateTime(format="iso")
    sent_at = fields.AwareDateTime(format="iso", allow_none=True)
    held_because = fields.String(allow_none=True, metadata={"description": "One of: " + ", ".join(HeldReason)})
    dropped_because = fields.String(allow_none=True)
    bundle = fields.Integer(allow_none=True, metadata={"description": "The same for all that went out as one message"})


class NudgeSchema(Schema):
    id = fields.Integer()
    rule = fields.String()
    version = fields.Integer()
    kind = fields.String()
    about = fields.String()
    subject = fields.String()
    at = fields.AwareDateTime(format="iso")
    effect = fields.String()
    action = fields.String()
    recipient = fields.String(allow_none=True)
    meant_for = fields.String(allow_none=True)
    message = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(_NUDGE_STATUSES))
    response = fields.String(allow_none=True)
    withdrawn_at = fields.AwareDateTime(format="iso", allow_none=True)
    why = fields.List(fields.Nested(ReasonSchema))
    deliveries = fields.List(fields.Nested(DeliverySchema))


class NudgesSchema(Schema):
    nudges = fields.List(fields.Nested(NudgeSchema))
    next = fields.Integer(allow_none=True, metadata={"description": "The cursor of the next page; null on the last"})
