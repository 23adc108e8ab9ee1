"""Notes for programs and for the pages' own scripts: leave one by text or voice, hear it, answer it, take it back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from marshmallow import Schema, fields, validate

from tideng.access.viewer import Viewer
from tideng.responses import notes
from tideng.responses.audio import ENDINGS
from tideng.store.database import reading
from tideng.views import notes as note_views
from tideng_admin.api.callers import blueprint
from tideng_admin.api.operations import operation
from tideng_admin.request.context import web

__all__ = ["blueprint"]

LARGEST_NOTE = notes.LARGEST_VOICE + 64 * 1024
"""A recording, and the words and the form around it."""
_MOST = 2**53
"""A number that every reader of JSON and every database can hold."""


class Upload(fields.Field):
    """A file of a form; in JSON there is none."""

    default_error_messages = {"invalid": "Not a file of a form."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> bytes:
        if not isinstance(value, bytes):
            raise self.make_error("invalid")
        return value


class LeaveBody(Schema):
    text = fields.String(load_default="", metadata={"description": "At most 1,000 characters"})
    voice = Upload(
        load_default=None,
        metadata={
            "type": "string",
            "format": "binary",
            "description": "WebM or Ogg with Opus, MP4 or WAV; at most a minute and 2 MB. Only in a form",
        },
    )
    nudge = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, _MOST),
        metadata={"description": "The nudge it is about"},
    )
    key = fields.String(
        load_default="", metadata={"description": "The caller's own name for it: sent twice, it is left once"}
    )


class ReplyBody(Schema):
    text = fields.String(required=True, metadata={"description": "At most 1,000 characters"})


class VoiceSchema(Schema):
    media_type = fields.String()
    seconds = fields.Float()
    size = fields.Integer()
    href = fields.String()


class NoteSchema(Schema):
    id = fields.Integer()
    author = fields.String()
    author_name = fields.String()
    person = fields.String()
    person_name = fields.String()
    text = fields.String()
    voice = fields.Nested(VoiceSchema, allow_none=True)
    nudge = fields.Integer(allow_none=True)
    left_at = fields.DateTime()
    taken_back_at = fields.DateTime(allow_none=True)
    seen = fields.Boolean(metadata={"description": "The person said that they have read or heard it"})
    seen_at = fields.DateTime(allow_none=True, metadata={"description": "When; only the person gets it"})
    reply = fields.String()
    replied_at = fields.DateTime(allow_none=True)
    hidden = fields.Boolean(metadata={"description": "There is one, and what is in it is not for the caller"})


@operation(
    "POST", "/people/<id>/notes", "Leave somebody a note, by text or voice", LeaveBody, NoteSchema, upload=LARGEST_NOTE
)
def post_note(viewer: Viewer, given: dict[str, Any], id: str) -> Any:
    here = web()
    voice = given.pop("voice") or b""
    left = notes.leave(here.deployment, viewer, here.directory(), id, notes.NewNote(voice=voice, **given))
    return _told(viewer, left)


@operation("GET", "/notes/<int:id>", "Read a note", answers=NoteSchema)
def get_note(viewer: Viewer, id: int) -> Any:
    return _told(viewer, id)


@operation("GET", "/notes/<int:id>/voice", "Hear a note: its recording as it came, also in parts")
def get_voice(viewer: Viewer, id: int) -> Any:
    here = web()
    with reading(here.engine) as connection:
        media_type, data = note_views.voice(connection, viewer, here.directory(), here.now(), id)
    response = Response(data, mimetype=media_type)
    response.headers.set("Content-Disposition", "inline", filename=f"note-{id}.{ENDINGS[media_type]}")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"  # what is taken back is not kept by a browser either
    return response.make_conditional(request, accept_ranges=True, complete_length=len(data))


@operation("POST", "/notes/<int:id>/seen", "Say that you have read or heard a note to you", answers=NoteSchema)
def post_seen(viewer: Viewer, id: int) -> Any:
    here = web()
    notes.see(here.deployment, viewer, here.directory(), id)
    return _told(viewer, id)


@operation("POST", "/notes/<int:id>/reply", "Answer a note to you", ReplyBody, NoteSchema)
def post_reply(viewer: Viewer, given: dict[str, Any], id: int) -> Any:
    here = web()
    notes.reply(here.deployment, viewer, here.directory(), id, given["text"])
    return _told(viewer, id)


@operation("DELETE", "/notes/<int:id>", "Take back a note of yours that nobody has seen yet", answers=NoteSchema)
def delete_note(viewer: Viewer, id: int) -> Any:
    here = web()
    notes.take_back(here.deployment, viewer, here.directory(), id)
    return _told(viewer, id)


def _told(viewer: Viewer, id: int) -> dict[str, Any]:
    """The note as the caller may see it, as JSON."""
    here = web()
    with reading(here.engine) as connection:
        found = note_views.note(connection, viewer, here.directory(), here.now(), id)
    told = {name: of.isoformat() if isinstance(of, datetime) else of for name, of in asdict(found).items()}
    href = {"href": url_for("api.notes_get_voice", id=id)}
    return told | {"voice": asdict(found.voice) | href if found.voice else None}
