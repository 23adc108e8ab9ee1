"""The interface for programs: hand in events, read nudges, ask how it goes.

Whoever calls shows an API key or a token as ``Authorization: Bearer``; a browser's session works too, with its CSRF token.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from importlib.metadata import version
from json import JSONDecodeError
from typing import Any
from urllib.parse import unquote

from flask import current_app, jsonify, render_template, request
from flask_babel import gettext as _
from marshmallow import ValidationError

from tideng.base.problems import in_json
from tideng.intake.json_text import read_json
from tideng.model.limits import MAX_DEPTH
from tideng.store.database import reading
from tideng.views.nudges import NudgeFilter, nudges
from tideng_admin.api.callers import Stop, blueprint, caller
from tideng_admin.api.openapi import EXAMPLE, specification
from tideng_admin.api.schemas import NudgeQuery, NudgeSchema, ReceiptSchema
from tideng_admin.request.context import asked_locale, web

MOST_EVENTS = 1000
_STRUCTURED, _BATCH, _PLAIN = "application/cloudevents+json", "application/cloudevents-batch+json", "application/json"
_BINARY = ("ce-specversion", "ce-id", "ce-source", "ce-type")
_DATA_TYPES = (_PLAIN, "text/json")
HANDS_IN = frozenset({"connector", "implementer", "admin"})


@blueprint.post("/api/v1/events")
def post_events() -> Any:
    """Take in one CloudEvent or a batch. 202 with one result each; nothing is acknowledged before it is on disk."""
    viewer = caller()
    if not viewer.roles & HANDS_IN:
        raise Stop(403, _("Only connectors, implementers and administrators hand in events."))
    _not_too_busy()
    payloads = _payloads()
    receipts = web().inbox.receive(payloads, viewer.login)
    results = [
        ReceiptSchema().dump(receipt) | {"problems": [in_json(one, asked_locale()) for one in receipt.problems]}
        for receipt in receipts
    ]
    counts = {
        status: sum(one["status"] == status for one in results) for status in sorted({r["status"] for r in results})
    }
    return jsonify(results=results, counts=counts), 202


def _not_too_busy() -> None:
    here = web()
    oldest, limit = here.oldest_waiting(), here.deployment.settings.backlog_limit_seconds
    if oldest is None:
        return
    age = (here.now() - oldest).total_seconds()
    if age > limit:
        wait = str(max(1, min(int(age - limit), 300)))
        raise Stop(429, _("More has come in than could be judged. Please come back later."), {"Retry-After": wait})


def _payloads() -> list[Any]:
    """The events of the request, in any of the three modes of CloudEvents: structured, batched, or binary."""
    if request.mimetype not in (_STRUCTURED, _BATCH) and any(name in request.headers for name in _BINARY):
        return [_binary_event()]
    if request.mimetype not in (_STRUCTURED, _BATCH, _PLAIN):
        raise Stop(415, _("Send JSON: %(types)s", types=", ".join((_STRUCTURED, _BATCH, _PLAIN))))
    body = _json_body()
    payloads = body if isinstance(body, list) else [body]
    if request.mimetype == _STRUCTURED and isinstance(body, list):
        raise Stop(400, _("One event is sent as an object; a list is %(type)s.", type=_BATCH))
    if not payloads:
        raise Stop(400, _("There is no event in it."))
    if len(payloads) > MOST_EVENTS:
        raise Stop(413, _("At most %(n)s events in one request.", n=MOST_EVENTS))
    return payloads


def _json_body() -> Any:
    """The JSON value of the body; stops with 400 or 415 and in our own words where it cannot be read."""
    packed = request.headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity"):
        raise Stop(415, _("The body is packed (%(encoding)s). Send it unpacked.", encoding=packed[:40]))
    try:
        return read_json(request.get_data().removeprefix(BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        raise Stop(400, _("This is not UTF-8 at byte %(n)s. Send JSON in UTF-8.", n=error.start + 1)) from None
    except JSONDecodeError as error:
        place = {"at": f"line {error.lineno}, column {error.colno}", "problem": _("The JSON breaks here."), "hint": ""}
        raise Stop(400, _("This is no JSON."), problems=[place]) from None
    except RecursionError:
        raise Stop(400, _("Lists and objects lie within one another more than %(n)s deep.", n=MAX_DEPTH)) from None
    except ValueError:  # the one that is left: more digits than Python turns into a number
        raise Stop(400, _("A number in it has too many digits to be read.")) from None


def _binary_event() -> dict[str, Any]:
    """The event whose attributes are in headers, such as ``ce-id``, and whose data is the body."""
    if request.mimetype not in _DATA_TYPES and request.content_length:
        raise Stop(415, _("The data of an event is JSON: %(types)s", types=", ".join(_DATA_TYPES)))
    payload: dict[str, Any] = {}
    for header, said in request.headers.items():
        prefix, _dash, name = header.lower().partition("-")
        if prefix != "ce":
            continue
        value = _header_value(said)
        if value is None or name in ("data", "datacontenttype"):
            raise Stop(
                400,
                _("The header %(name)s cannot be read. Write it in UTF-8, percent-encoded.", name=f"ce-{name}"[:80]),
            )
        payload[name] = value
    if request.content_length:
        payload["data"] = _json_body()
    return payload


def _header_value(said: str) -> str | None:
    """The value of an attribute in a header: quotes taken off, percent-encoding decoded; None where it is not UTF-8."""
    if len(said) >= 2 and said[0] == said[-1] == '"':
        said = re.sub(r"\\(.)", r"\1", said[1:-1])
    try:
        return unquote(said.encode("latin-1").decode(), errors="strict")  # HTTP gives its bytes one by one
    except UnicodeError:
        return None


@blueprint.get("/api/v1/nudges")
def get_nudges() -> Any:
    """What the caller may see of what was said, newest first, by cursor."""
    viewer, here = caller(), web()
    try:
        asked = NudgeQuery().load(request.args)
    except ValidationError as error:
        problems = [
            {"at": name, "problem": "; ".join(of), "hint": ""} for name, of in error.normalized_messages().items()
        ]
        raise Stop(400, _("This could not be read."), problems=problems) from None
    size, before = asked.pop("limit"), asked.pop("cursor", None)
    with reading(here.engine) as connection:
        page = nudges(connection, viewer, here.directory(), here.now(), NudgeFilter(**asked), before, size)
    return jsonify(nudges=NudgeSchema(many=True).dump(page.items), next=page.next)


@blueprint.get("/api/v1/openapi.json")
def openapi() -> Any:
    return jsonify(specification())


@blueprint.get("/api/v1/docs")
def docs() -> str:
    return render_template("tideng/apidocs.html", spec=specification(), example=EXAMPLE)


@blueprint.get("/healthz")
def healthz() -> Any:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok", version=version("tideng"))


@blueprint.get("/readyz")
def readyz() -> Any:
    """Whether work flows: 503 while the oldest unjudged event is older than the setting, or the database is gone."""
    here = web()
    try:
        found, attention, engine = here.counters(), here.attention(), here.engine_state()
    except Exception:  # whatever it is: not ready, and the reason is in the log
        current_app.logger.exception("not ready")
        return jsonify(status="database"), 503
    now = here.now()
    age = lambda since: None if since is None else round(max(0.0, (now - since).total_seconds()), 1)  # noqa: E731
    oldest = age(found.oldest_event)
    late = oldest is not None and oldest > here.deployment.settings.backlog_limit_seconds
    body = {
        "status": "late" if late else "ok",
        "oldest_event_seconds": oldest,
        "waiting_events": found.waiting_events,
        "outbox_seconds": age(found.oldest_message),
        "parked": found.parked,
        "dead_letters": found.dead_letters,
        "failed_plugins": found.failed_plugins,
        "needs_attention": len(attention),
        "engine": engine and {"asked": engine.asked, "judging": engine.judging, "cause": engine.cause},
    }
    return jsonify(body), 503 if late else 200
