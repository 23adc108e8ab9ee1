"""Who may change the organisation."""

from __future__ import annotations

from tideng.plugin import NotAllowed, Viewer

EDITS = frozenset({"hr", "admin"})


def may_edit(viewer: Viewer) -> bool:
    """Whether the viewer has a role that changes units, posts and people."""
    return bool(viewer.roles & EDITS)


def require_edit(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer may change the organisation."""
    if not may_edit(viewer):
        raise NotAllowed("viewer-may-not-change-organisation")
