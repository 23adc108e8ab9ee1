"""The data of the drawn chart: units as the script draws them, and the script's texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng_admin.screens import LAMP_LOOKS, web
from tideng_orgchart.views.day_view import Face, PostLine, UnitNode

MOST_POSTS = 4
"""Posts in a box of the drawn chart; the unit's own page has all of them."""


def people_words(number: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", number)


def post_words(post: PostLine) -> str:
    """The holders of a post in a few words: a name, a number, or that it is vacant."""
    if not post.holders:
        return _("Vacant")
    held = post.only or people_words(post.holders)
    return f"{held} · {ngettext('%(num)s vacant', '%(num)s vacant', post.missing)}" if post.missing else held


def lamp_words(face: Face) -> str:
    return str(LAMP_LOOKS[face.lamp][1]) if face.lamp else ""


def nodes_of(units: Iterable[UnitNode], root: str) -> list[dict[str, Any]]:
    """Units as the script draws them, upper units before lower ones."""
    found: list[dict[str, Any]] = []
    waiting = list(units)
    for one in waiting:
        waiting.extend(one.units)
        found.append(_node(one, root))
    return found


def _node(one: UnitNode, root: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "parent": "" if one.id == root else one.parent,
        "name": one.name,
        "people": people_words(one.people),
        "head": _head(one.head) if one.head else None,
        "outside": one.outside,
        "posts": [
            {"id": post.id, "name": post.name, "held": post_words(post), "empty": post.missing > 0}
            for post in one.posts[:MOST_POSTS]
        ],
        "more": len(one.posts[MOST_POSTS:]),
        "inside": one.inside,
        "loaded": not one.inside or bool(one.units),
    }


def _head(face: Face) -> dict[str, Any]:
    return {
        "id": face.person,
        "name": face.name,
        "initial": face.name[:1],
        "photo": url_for("OrganisationPage.photo", id=face.person, v=face.photo) if face.photo else "",
        "look": str(LAMP_LOOKS[face.lamp][0]) if face.lamp else "",
        "lamp": lamp_words(face),
        "reports": ngettext("leads %(num)s directly", "leads %(num)s directly", face.reports) if face.reports else "",
    }


def script_words() -> Mapping[str, str]:
    """The texts of the script, in the reader's language."""
    return {
        "open": _("Show the units below"),
        "close": _("Hide the units below"),
        "loading": _("Loading…"),
        "lost": _("The connection was interrupted. Please try again."),
        "nothing": _("Nothing found."),
        "vacant": _("Vacant"),
        "outside": _("led by %(name)s", name="{name}"),
        "person": _("Person"),
        "position": _("Position"),
        "unit": _("Unit"),
        "shut": _("Close"),
        "saved": _("Saved: %(file)s", file="{file}"),
        "title": _("Organisation"),
        "chart": _("Organisation chart"),
        "company": web().deployment.profile.client or _("Everyone"),
    }
