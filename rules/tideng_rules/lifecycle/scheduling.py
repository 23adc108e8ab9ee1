"""Publish drafts at a moment chosen in advance, and record what prevents it when the moment comes.

The worker looks between its batches. What stands in the way by then is written beside the draft, for its author to mend.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import structlog
from sqlalchemy import Connection, Table, func, select

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, Problem, Refused
from tideng.base.problems import Sentence, stored
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.drafts import (
    UNFINISHED,
    UNPLANNED,
    Draft,
    change_draft,
    unfinished,
)
from tideng_rules.lifecycle.publishing import Ground, put_in_force, require_publishable
from tideng_rules.lifecycle.rights import require_writing
from tideng_rules.lifecycle.tables import RuleDraftRow

_DRAFTS = cast(Table, RuleDraftRow.__table__)
log = structlog.get_logger("tideng.rules")


def schedule(
    connection: Connection,
    viewer: Viewer,
    id: int,
    at: datetime,
    now: datetime,
    ground: Ground,
    note: str | None = None,
) -> Draft:
    """Have a draft published at `at` (aware, later than `now`). It must be in order already: approved where that is asked for.

    Saving it, sending it back or publishing it at once takes that back. Raises as `publish_draft`, and `Refused` for a
    moment that has passed.
    """
    require_writing(viewer)
    held = unfinished(connection, id)
    if at <= now:
        raise Refused(Sentence("draft-number", {"id": id}), [Problem("at", "publishing-moment-past")])
    require_publishable(connection, held, ground)
    values = {"publish_at": at, "publish_by": viewer.login, "held_up": None}
    return change_draft(connection, id, held.edition, values | ({} if note is None else {"note": note}), held.edition)


def unschedule(connection: Connection, viewer: Viewer, id: int) -> Draft:
    """Let a draft wait for somebody to publish it, as before."""
    require_writing(viewer)
    held = unfinished(connection, id)
    return change_draft(connection, id, held.edition, UNPLANNED, held.edition)


def next_due(connection: Connection) -> datetime | None:
    """When the next draft is to be published; None where none is."""
    waiting = _DRAFTS.c.publish_at.is_not(None) & _DRAFTS.c.state.in_(UNFINISHED)
    return connection.scalar(select(func.min(_DRAFTS.c.publish_at)).where(waiting))


def publish_due(connection: Connection, now: datetime, ground: Ground) -> list[str]:
    """Publish every draft whose moment has come, the earliest first; returns the rules. One that may not be any more stays
    a draft, with the problems beside it."""
    store.one_at_a_time(connection)
    due = (_DRAFTS.c.publish_at <= now) & _DRAFTS.c.state.in_(UNFINISHED)
    # held until the transaction ends: what somebody saves, takes back or discards right now is waited for, and counts
    earliest = select(_DRAFTS.c.id).where(due).order_by(_DRAFTS.c.publish_at, _DRAFTS.c.id)
    ids = connection.scalars(earliest.with_for_update()).all()
    published = []
    for id in ids:
        held = unfinished(connection, id)
        try:
            require_publishable(connection, held, ground)
        except InvalidRule as error:
            found = list(map(stored, error.problems))
            change_draft(connection, id, held.edition, UNPLANNED | {"held_up": found}, held.edition)
            log.warning("draft not published", draft=id, rule=held.rule, problems=len(found))
            continue
        put_in_force(connection, held, now, held.publish_by or held.author, held.note)
        published.append(held.rule)
        log.info("draft published", draft=id, rule=held.rule)
    return published
