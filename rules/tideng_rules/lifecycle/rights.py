"""Who may do what with rules. Asked in the functions that do it, so that pages, API and command line cannot differ."""

from __future__ import annotations

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed

WRITES = frozenset({"hr", "implementer", "admin"})
"""Write drafts, publish, roll back, pause, archive."""
APPROVES = frozenset({"hr", "admin"})


def require_reading(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless `viewer` may read rules, their drafts and their history."""
    viewer.require_all()


def require_writing(viewer: Viewer) -> None:
    if not viewer.roles & WRITES:
        raise NotAllowed("viewer-may-not-change-rules")


def require_approving(viewer: Viewer, *writers: str) -> None:
    """Raise `NotAllowed` unless `viewer` is HR or an administrator, and none of those who wrote it."""
    if not viewer.roles & APPROVES:
        raise NotAllowed("viewer-may-not-approve")
    if viewer.login in writers:
        raise NotAllowed("viewer-may-not-approve-own")
