"""The shapes of the rules' part of the interface: what is taken in, and what its description says of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from tideng.base.problems import restored
from tideng_admin.api.operations import problem_of
from tideng_admin.api.schemas import ProblemSchema

_NOTE = validate.Length(max=2000)


class DocumentBody(Schema):
    """A rule as JSON, or as the YAML text somebody wrote. One of the two."""

    document = fields.Dict(metadata={"description": "The rule document"})
    yaml = fields.String(metadata={"description": "The same as a text"}, validate=validate.Length(max=1_100_000))

    @validates_schema
    def one_of_both(self, data: Mapping[str, Any], **more: Any) -> None:
        if ("document" in data) == ("yaml" in data):
            raise ValidationError("send either `document` or `yaml`", "document")


class CheckBody(DocumentBody):
    rule = fields.String(
        metadata={"description": "The id of the rule that this one takes the place of, where it differs"}
    )


class CountBody(DocumentBody):
    pass


class TryBody(DocumentBody):
    """A rule, and either one of its examples or somebody at a moment."""

    subject = fields.String(
        metadata={"description": "The person's id, or that of the case, position or unit"},
        validate=validate.Length(max=200),
    )
    at = fields.AwareDateTime(metadata={"description": "The moment asked about; default: now"})
    example = fields.Integer(metadata={"description": "Which of the document's examples, from 0"})

    @validates_schema
    def about_something(self, data: Mapping[str, Any], **more: Any) -> None:
        if ("subject" in data) == ("example" in data):
            raise ValidationError("send either `subject` or `example`", "subject")


class DraftBody(DocumentBody):
    note = fields.String(load_default="", validate=_NOTE)


class SaveBody(DocumentBody):
    edition = fields.Integer(
        required=True, metadata={"description": "The edition that was read; an older one is refused"}
    )
    note = fields.String(validate=_NOTE)


class EditionBody(Schema):
    edition = fields.Integer(required=True)


class NoteBody(Schema):
    note = fields.String(load_default="", validate=_NOTE)


class PublishBody(NoteBody):
    at = fields.AwareDateTime(metadata={"description": "Publish it by itself at this later moment; default: now"})


class BackBody(Schema):
    version = fields.Integer(required=True, metadata={"description": "The version to go back to"})
    note = fields.String(load_default="", validate=_NOTE)


class PauseBody(Schema):
    why = fields.String(load_default="", validate=_NOTE)


class PeriodBody(Schema):
    start = fields.AwareDateTime(data_key="from", metadata={"description": "Default: 30 days before `until`"})
    until = fields.AwareDateTime(metadata={"description": "Default: now"})


class PreviewBody(PeriodBody, DocumentBody):
    pass


class DraftsQuery(Schema):
    state = fields.String(validate=validate.OneOf(("open", "asked", "approved", "published", "discarded")))
    rule = fields.String()


class RulesQuery(Schema):
    state = fields.String(load_default="published", validate=validate.OneOf(("published", "archived", "all")))


class DifferencesQuery(Schema):
    old = fields.Integer(required=True, data_key="from")
    new = fields.Integer(required=True, data_key="to")


class WhyNotQuery(Schema):
    subject = fields.String(required=True, metadata={"description": "The person's id, or the case's"})
    at = fields.AwareDateTime(metadata={"description": "The moment asked about; default: now"})
    version = fields.Integer(metadata={"description": "Ask this version; default: the one in force at that moment"})


class FixSchema(Schema):
    """One press of a button: `value` goes to `place`; null takes away what is there."""

    title = fields.String()
    place = fields.String(metadata={"description": "A path such as if.all[1].fact"})
    value = fields.Raw(allow_none=True)


class CheckedProblemSchema(ProblemSchema):
    fixes = fields.List(fields.Nested(FixSchema))


class PartSchema(Schema):
    text = fields.String()
    place = fields.String(metadata={"description": "What it speaks of; left out for the words between"})


class WordingSchema(Schema):
    text = fields.String(metadata={"description": "As it would be read, with sample values"})
    length = fields.Integer()
    sms = fields.Integer(metadata={"description": "How many short messages it takes"})


class MessageSchema(Schema):
    place = fields.String()
    action = fields.String()
    recipient = fields.String()
    texts = fields.Dict(keys=fields.String(), values=fields.Nested(WordingSchema))


class ToneSchema(Schema):
    ok = fields.Boolean()
    findings = fields.List(fields.Nested(CheckedProblemSchema))


class CheckedSchema(Schema):
    """What the check says."""

    ok = fields.Boolean(metadata={"description": "No error: it may be published"})
    problems = fields.List(fields.Nested(CheckedProblemSchema))
    sentence = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "The rule in words"})
    parts = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(PartSchema)),
        metadata={"description": "The sentence in pieces; joined they are the sentence"},
    )
    examples = fields.List(fields.Dict())
    messages = fields.List(fields.Nested(MessageSchema))
    tone = fields.Nested(ToneSchema)


class CountedSchema(Schema):
    people = fields.Integer(
        allow_none=True, metadata={"description": "How many it fits; null where that cannot be said"}
    )
    of = fields.Integer(metadata={"description": "How many are employed"})
    at = fields.AwareDateTime(format="iso")
    why = fields.Dict(
        keys=fields.String(), values=fields.String(), allow_none=True, metadata={"description": "Why it cannot be said"}
    )


class VersionSchema(Schema):
    rule = fields.String()
    version = fields.Integer()
    state = fields.String()
    document = fields.Raw()
    author = fields.String()
    approved_by = fields.String(allow_none=True)
    note = fields.String()
    origin = fields.Raw(allow_none=True, metadata={"description": "The pack it came from, with version and parameters"})
    expected = fields.Integer(allow_none=True, metadata={"description": "Most people a day in its preview"})
    published_at = fields.AwareDateTime(format="iso", allow_none=True)


class RuleSchema(Schema):
    id = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    kind = fields.String()
    version = fields.Integer()
    state = fields.String(metadata={"description": "published, paused, quarantined or archived"})
    why_not_active = fields.String(metadata={"description": "Why it is paused or set aside; empty when it is not"})
    published_at = fields.AwareDateTime(format="iso", allow_none=True)


class RulesSchema(Schema):
    rules = fields.List(fields.Nested(RuleSchema))


class VersionsSchema(Schema):
    versions = fields.List(fields.Nested(VersionSchema))


class DraftSchema(Schema):
    id = fields.Integer()
    rule = fields.String()
    based_on = fields.Integer(allow_none=True)
    document = fields.Raw()
    state = fields.String()
    author = fields.String()
    note = fields.String()
    edition = fields.Integer()
    asked_at = fields.AwareDateTime(format="iso", allow_none=True)
    approved_by = fields.String(allow_none=True)
    approved_at = fields.AwareDateTime(format="iso", allow_none=True)
    created_at = fields.AwareDateTime(format="iso")
    changed_at = fields.AwareDateTime(format="iso")
    changed_by = fields.String(allow_none=True)
    preview = fields.Raw(allow_none=True)
    publish_at = fields.AwareDateTime(
        format="iso", allow_none=True, metadata={"description": "When it is published by itself"}
    )
    publish_by = fields.String(allow_none=True, metadata={"description": "Who decided that"})
    held_up = fields.Function(
        lambda draft: [problem_of(restored(one)) for one in draft.held_up or ()],
        metadata={"description": "What kept it from being published at that moment", "type": "array"},
    )


class PublishedSchema(VersionSchema):
    """The version; of a draft that is published later the draft."""

    publish_at = fields.AwareDateTime(format="iso", metadata={"description": "When the draft will be published"})


class DraftsSchema(Schema):
    drafts = fields.List(fields.Nested(DraftSchema))


class DifferenceSchema(Schema):
    place = fields.String()
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
    sentence = fields.String()


class DifferencesSchema(Schema):
    differences = fields.List(fields.Nested(DifferenceSchema))


class StormSchema(Schema):
    rule = fields.String()
    messages = fields.Integer()
    people = fields.Integer()
    since = fields.AwareDateTime(format="iso")
    expected = fields.Integer(allow_none=True, metadata={"description": "Most people a day in its preview"})


class HeldSchema(Schema):
    held = fields.List(fields.Nested(StormSchema))


class AnyAnswer(Schema):
    """An object; see the documentation of the command of the same name."""
