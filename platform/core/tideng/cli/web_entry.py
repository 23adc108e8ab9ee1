"""Where the command line finds the web, which another package brings: the entry points of the group `tideng.web`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from tideng.base.errors import NotFound

WEB_GROUP = "tideng.web"
"""``serve(settings)`` answers requests until a signal; ``prepare(deployment, logins)`` makes tables, roles and logins, given as
(person's id, role, password), and returns the password it made up for admin, if any; ``is_built()`` says whether the scripts
of its pages are there."""


def web_entry(name: str) -> Callable[..., Any]:
    """The web's function of that name; raises `NotFound` when no web is installed."""
    for entry in entry_points(group=WEB_GROUP, name=name):
        return entry.load()
    raise NotFound("no-web-installed", {"name": name, "group": WEB_GROUP})
