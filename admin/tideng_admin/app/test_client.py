"""A signed-in browser for the tests of a plugin's pages."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tideng.base.errors import TidengError
from tideng.runtime.deployment import Deployment
from tideng_admin.app.factory import create_app
from tideng_admin.app.setup import NewUser, add_users, prepare

_PASSWORD = "only for tests, never served"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def signed_in_client(deployment: Deployment, login: str, *roles: str) -> FlaskClient:
    """Prepare the web of a migrated deployment, and sign `login` in with `roles`; returns Flask's test client.

    For tests only. Forms want the token of the page that they are on, as in a browser. Raises `NotFound` for a role that does
    not exist."""
    prepare(deployment, _PASSWORD)
    add_users(deployment, [NewUser(login, roles, _PASSWORD)])
    client = create_app(deployment, RATELIMIT_ENABLED=False).test_client()
    found = _TOKEN.search(client.get("/login/").text)
    answer = client.post(
        "/login/", data={"username": login, "password": _PASSWORD, "csrf_token": found[1] if found else ""}
    )
    if answer.status_code != 302 or "/login/" in answer.location:  # who was refused is led back
        raise TidengError(f"{login} could not sign in: {answer.status}")
    return client
