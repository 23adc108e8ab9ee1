"""Pause and resume rules, or archive them for good.

Every function that changes something authorises `viewer` itself, raises `NotAllowed`, and is called inside a transaction
that writes; `now` is the deployment's moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select, update

from tideng.access.viewer import Viewer
from tideng.base.errors import NotFound, Problem, Refused
from tideng.base.problems import Sentence
from tideng.store.database import insert
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.rights import require_reading, require_writing
from tideng_rules.lifecycle.tables import PUBLISHED, RulePauseRow, RuleVersionRow

_PAUSES = cast(Table, RulePauseRow.__table__)
_VERSIONS = cast(Table, RuleVersionRow.__table__)
STORM = "storm control"
"""Who paused a rule that would have spoken to far more people than in its preview."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when a rule is silent, through whom and why. `by`: a login, or ``storm control``; `detail`: its figures."""

    rule: str
    since: datetime
    by: str
    why: str
    detail: Mapping[str, Any]


def pauses(connection: Connection, viewer: Viewer) -> dict[str, Pause]:
    """Every rule that is paused now, by id."""
    require_reading(viewer)
    columns = [_PAUSES.c[name] for name in Pause.__slots__]
    return {row.rule: Pause(*row) for row in connection.execute(select(*columns).order_by(_PAUSES.c.rule))}


def pause(
    connection: Connection,
    viewer: Viewer,
    rule: str,
    why: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Make a rule silent until somebody resumes it; its running ladders end. False when it was paused already.

    Raises `NotFound` when the rule is not in force.
    """
    require_writing(viewer)
    if not pause_by_itself(connection, rule, why, detail or {}, now, viewer.login):
        if connection.execute(select(_PAUSES.c.rule).where(_PAUSES.c.rule == rule)).first() is None:
            raise NotFound("no-rule-in-force", {"rule": rule})
        return False
    return True


def pause_by_itself(
    connection: Connection, rule: str, why: str, detail: Mapping[str, Any], now: datetime, by: str = STORM
) -> bool:
    """As `pause`, for the line itself, which asks nobody; False when the rule is not in force, or paused already."""
    if not store.is_in_force(connection, rule):
        return False
    row = {"rule": rule, "since": now, "by": by, "why": why, "detail": dict(detail)}
    statement = insert(connection)(_PAUSES).values(row).on_conflict_do_nothing().returning(_PAUSES.c.rule)
    if connection.execute(statement).first() is None:
        return False
    store.end_running(connection, rule, now, ("step",))
    store.grow_revision(connection)
    return True


def resume(connection: Connection, viewer: Viewer, rule: str, now: datetime) -> None:
    """Let a paused rule speak again, from now on: a moment that passed while it was silent is not asked about afterwards.

    Raises `NotFound` when it is not paused.
    """
    require_writing(viewer)
    if connection.execute(delete(_PAUSES).where(_PAUSES.c.rule == rule)).rowcount == 0:
        raise NotFound("rule-not-paused", {"rule": rule})
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    connection.execute(update(_VERSIONS).where(here).values(since=now))
    store.grow_revision(connection)


def archive(connection: Connection, viewer: Viewer, rule: str, now: datetime) -> None:
    """Take a rule out of force; its deadlines and ladders end. Applying the client's files leaves it so.

    Raises `Refused` when it is not in force. `publishing.restore` brings it back.
    """
    require_writing(viewer)
    if not store.take_out(connection, rule, now, viewer.login):
        raise Refused(Sentence("rule-called", {"id": rule}), [Problem("", "rule-not-in-force")])
