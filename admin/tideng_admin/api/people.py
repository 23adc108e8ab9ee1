"""People for programs: looked up while somebody types."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields, validate

from tideng.access.viewer import Viewer
from tideng.views.people_search import find_people
from tideng_admin.api.callers import blueprint
from tideng_admin.api.operations import operation
from tideng_admin.request.context import web

__all__ = ["blueprint"]


class FindQuery(Schema):
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Part of a name, an id, a unit or a position; several words must all be there"},
    )


class FoundSchema(Schema):
    id = fields.String()
    name = fields.String()
    unit = fields.String()
    position = fields.String()


class FoundPeopleSchema(Schema):
    people = fields.List(fields.Nested(FoundSchema))


@operation("GET", "/people/find", "Look people up: at most 20 of those you may see", FindQuery, FoundPeopleSchema)
def get_people(viewer: Viewer, asked: dict[str, Any]) -> Any:
    here = web()
    return {"people": [asdict(one) for one in find_people(viewer, here.directory(), here.now(), asked["q"])]}
