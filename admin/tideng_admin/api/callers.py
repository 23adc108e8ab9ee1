"""Who calls the interface for programs, and how a call is turned down."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask_babel import gettext as _
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from tideng.access.viewer import Viewer
from tideng.store.database import reading, writing
from tideng_admin.auth import accounts
from tideng_admin.request.context import web

blueprint = Blueprint("api", __name__)


class Stop(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None, **more: Any):
        self.status, self.body, self.headers = status, {"error": error, **more}, headers or {}


@blueprint.errorhandler(Stop)
def _stop(stop: Stop) -> Response:
    response = jsonify(stop.body)
    response.status_code = stop.status
    response.headers.update(stop.headers)
    return response


def caller() -> Viewer:
    """Who calls; stops with 401 when nobody proves to be somebody."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        viewer = web().viewer()
        if viewer.login:
            return viewer
    elif kind.lower() == "bearer":
        found = _by_key(token) if token.startswith(accounts.PREFIX) else _by_token()
        if found:
            return found
    raise Stop(401, _("Show an API key: Authorization: Bearer …"), {"WWW-Authenticate": "Bearer"})


def _by_key(token: str) -> Viewer | None:
    here = web()
    with reading(here.engine) as connection:
        holder = accounts.holder_of(connection, token)
    if holder is None:
        return None
    if accounts.use_is_stale(holder, here.now()):
        with writing(here.engine) as connection:
            accounts.note_use(connection, holder, here.now())
    return here.viewer_of(holder.login, holder.roles)


def _by_token() -> Viewer | None:
    try:
        verify_jwt_in_request()
    except (JWTExtendedException, PyJWTError):
        return None
    user = g._jwt_extended_jwt_user["loaded_user"]
    return web().viewer_of(user.username, frozenset(role.name for role in user.roles))
