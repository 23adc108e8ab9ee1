"""The description of the interface, made from the schemas that check it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from tideng_admin.api.operations import OPERATIONS, Operation
from tideng_admin.api.rules_schemas import AnyAnswer, SaveBody
from tideng_admin.api.schemas import (
    ErrorSchema,
    EventSchema,
    NudgeQuery,
    NudgesSchema,
    ReceiptsSchema,
)

EXAMPLE = """\
curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/cloudevents+json" \\
  -d '{"specversion": "1.0", "id": "r-17", "source": "app/reports", "type": "report.submitted",
       "time": "2026-03-02T19:05:00+08:00", "subject": "zhang.san", "data": {"needs": "…"}}' \\
  http://localhost:8080/api/v1/events"""


def specification() -> dict[str, Any]:
    """The OpenAPI 3.0 document as plain values."""
    spec = APISpec("Tideng", version("tideng"), "3.0.3", plugins=[MarshmallowPlugin()])
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer", "description": "An API key or a token"})
    event, batch = EventSchema, EventSchema(many=True)
    body = {
        "application/cloudevents+json": {"schema": event},
        "application/cloudevents-batch+json": {"schema": batch},
        "application/json": {"schema": batch},
    }
    post = {
        "summary": "Hand in one event or up to 1,000",
        "description": (
            "Each event is stored once: the same again is a duplicate, the same id with other content a conflict. "
            "What is refused is kept and can be mended; the rest is stored. At most 5 MB."
        ),
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "202": _answer("What became of each event", ReceiptsSchema),
            "400": _answer("No JSON, or nothing in it", ErrorSchema),
            "401": _answer("No key, or one that is not in use", ErrorSchema),
            "403": _answer("The role does not hand in events", ErrorSchema),
            "413": _answer("Too large, or too many", ErrorSchema),
            "415": _answer("Another type of content", ErrorSchema),
            "429": _answer("The backlog is old: come back after Retry-After seconds", ErrorSchema),
        },
    }
    get = {
        "summary": "Read what was said, newest first",
        "description": "Only what the caller may see. Pages by cursor: pass `next` of one page as `cursor` of the next.",
        "security": [{"key": []}],
        "parameters": [{"in": "query", "schema": NudgeQuery}],
        "responses": {
            "200": _answer("One page", NudgesSchema),
            "400": _answer("A filter that cannot be read", ErrorSchema),
            "401": _answer("No key, or one that is not in use", ErrorSchema),
        },
    }
    plain = {"application/json": {"schema": {"type": "object"}}}
    health = {"summary": "The process answers", "responses": {"200": {"description": "Yes", "content": plain}}}
    ready = {
        "summary": "Whether work flows: ages of the oldest event and message, dead letters",
        "responses": {
            "200": {"description": "It flows", "content": plain},
            "503": {"description": "The oldest event waits too long, or the database is gone", "content": plain},
        },
    }
    spec.path("/api/v1/events", operations={"post": post})
    spec.path("/api/v1/nudges", operations={"get": get})
    for one in OPERATIONS:
        spec.path(one.address, operations={one.method.lower(): _described(one)})
    spec.path("/healthz", operations={"get": health})
    spec.path("/readyz", operations={"get": ready})
    return spec.to_dict()


def _described(of: Operation) -> dict[str, Any]:
    """One declared operation, with the answers that all of them can give."""
    answers = {
        "200": _answer("Done", of.answers or AnyAnswer),
        "400": _answer("Something in it cannot be read or is refused, with every problem", ErrorSchema),
        "401": _answer("No key, or one that is not in use", ErrorSchema),
        "403": _answer("Not for this role", ErrorSchema),
    }
    if any(of.slots):
        answers["404"] = _answer("It is not there, or not for the caller to see", ErrorSchema)
    if of.takes is SaveBody:
        answers["409"] = _answer("Somebody else saved it meanwhile", ErrorSchema)
    if of.upload:
        answers["413"] = _answer("Too large", ErrorSchema)
    told: dict[str, Any] = {"summary": of.summary, "security": [{"key": []}], "responses": answers}
    parameters: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": kind}} for name, kind in of.slots
    ]
    if of.takes and of.method == "GET":
        parameters.append({"in": "query", "schema": of.takes})
    elif of.takes:
        kinds = ("application/json", *(("multipart/form-data",) if of.upload else ()))
        told["requestBody"] = {"required": True, "content": {kind: {"schema": of.takes} for kind in kinds}}
    return told | ({"parameters": parameters} if parameters else {})


def _answer(description: str, schema: type[Schema]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
