"""Rules in the database: those in force, and the few statements that change them.

Every version ever published stays as it was; at most one of a rule is in force. Permissions are checked in `drafts`,
`publishing` and `pausing`; `tideng_rules.rollout.apply` compares with the client's files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from tideng.base.errors import InvalidRule
from tideng.model.catalogue import Catalogue
from tideng.store.agenda import end_open_entries
from tideng.store.database import is_sqlite
from tideng_rules.document.merge import same
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.rulebook import Published
from tideng_rules.lifecycle.tables import (
    ARCHIVED,
    PUBLISHED,
    RulePauseRow,
    RuleRevisionRow,
    RuleVersionRow,
)

_VERSIONS = cast(Table, RuleVersionRow.__table__)
_REVISION = cast(Table, RuleRevisionRow.__table__)
_PAUSES = cast(Table, RulePauseRow.__table__)
_FEW = 500
_CHANGES_LOCK = 0x7469_6465_6E68
"""The key of PostgreSQL's advisory lock that is held while rules change."""
MOST_A_DAY = "most_people_a_day"
"""The figure of a preview that is stored as the version's `expected`."""


def revision(connection: Connection) -> int:
    """The number of the latest change; 0 before the first."""
    return connection.scalar(select(_REVISION.c.revision)) or 0


def in_force(
    connection: Connection,
    catalogue: Catalogue | None = None,
    paused: bool = False,
    known: Mapping[tuple[str, int], Rule] | None = None,
) -> tuple[list[Published], dict[str, str]]:
    """Every published rule, parsed; and rule id → why, for those that this program can no longer read.

    Rules that are paused are left out, unless `paused` asks for them too. `known`: versions that are parsed already, by
    (rule, version); they are not read again, so that a change costs what changed.
    """
    columns = (_VERSIONS.c.rule, _VERSIONS.c.version, _VERSIONS.c.since, _VERSIONS.c.expected)
    statement = select(*columns).where(_VERSIONS.c.state == PUBLISHED).order_by(_VERSIONS.c.rule)
    if not paused:
        statement = statement.where(_VERSIONS.c.rule.not_in(select(_PAUSES.c.rule)))
    known = dict(known or {})
    heads = connection.execute(statement).all()
    documents = _documents(connection, [row.rule for row in heads if (row.rule, row.version) not in known])
    rules, unreadable = [], {}
    for rule, version, since, expected in heads:
        try:
            read = known.get((rule, version)) or parse_rule(documents[rule], catalogue)
            rules.append(Published(read, version, since, expected))
        except InvalidRule as error:
            unreadable[rule] = str(error)
    return rules, unreadable


def versions_in_force(connection: Connection, rules: Collection[str]) -> dict[str, int]:
    """The number of the version in force of each of these rules."""
    if not rules:
        return {}
    columns = (_VERSIONS.c.rule, _VERSIONS.c.version)
    here = (_VERSIONS.c.state == PUBLISHED) & _VERSIONS.c.rule.in_(list(rules))
    return {row.rule: row.version for row in connection.execute(select(*columns).where(here))}


def _documents(connection: Connection, rules: Sequence[str]) -> dict[str, Any]:
    """The documents in force of these rules; all of them where that is the cheaper question."""
    if not rules:
        return {}
    statement = select(_VERSIONS.c.rule, _VERSIONS.c.document).where(_VERSIONS.c.state == PUBLISHED)
    if len(rules) <= _FEW:
        statement = statement.where(_VERSIONS.c.rule.in_(rules))
    return {row.rule: row.document for row in connection.execute(statement)}


def is_in_force(connection: Connection, rule: str) -> bool:
    """Whether some version of the rule is published, be it paused or not."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    return connection.execute(select(_VERSIONS.c.rule).where(here)).first() is not None


def load_version(
    connection: Connection, rule: str, version: int, catalogue: Catalogue | None = None
) -> Published | None:
    """One version that was published at some time; None when there is none."""
    columns = (_VERSIONS.c.document, _VERSIONS.c.since, _VERSIONS.c.expected)
    wanted = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.version == version)
    row = connection.execute(select(*columns).where(wanted)).first()
    return Published(parse_rule(row.document, catalogue), version, row.since, row.expected) if row else None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a document comes from. `origin`: the pack it was made from, as {"pack", "version", "parameters"}; `source`: the
    text it was imported as."""

    origin: Mapping[str, Any] | None = None
    source: str | None = None


WRITTEN_HERE = Provenance()
"""The provenance of a document that came from no pack and no file."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes a version, with what said about it. `preview`: the figures of its preview; `archived_by`: who ends the
    version before, if that is not the author."""

    author: str
    note: str = ""
    approved_by: str | None = None
    preview: Mapping[str, Any] | None = None
    archived_by: str = ""
    provenance: Provenance = WRITTEN_HERE


def put_version(
    connection: Connection,
    document: Mapping[str, Any],
    at: datetime,
    publication: Publication,
) -> int:
    """Put a checked document in force as the rule's next version and archive the one before; returns the number.

    `since` stays as it was if the trigger does, so that an edited message does not change which moments are judged. Call it
    inside a transaction that writes, after `one_at_a_time`.
    """
    rule, preview = str(document["id"]), publication.preview
    origin = publication.provenance.origin
    since = _retire(connection, rule, document, at, publication.archived_by or publication.author)
    number = (connection.scalar(select(func.max(_VERSIONS.c.version)).where(_VERSIONS.c.rule == rule)) or 0) + 1
    most = (preview or {}).get(MOST_A_DAY)
    row = {
        "rule": rule,
        "version": number,
        "document": json.loads(json.dumps(document, ensure_ascii=False, default=str)),
        "state": PUBLISHED,
        "author": publication.author,
        "approved_by": publication.approved_by,
        "note": publication.note,
        "origin": None if origin is None else dict(origin),
        "expected": most if isinstance(most, int) else None,
        "preview": None if preview is None else dict(preview),
        "source": publication.provenance.source,
        "created_at": at,
        "published_at": at,
        "since": since,
    }
    connection.execute(insert(_VERSIONS).values(row))
    grow_revision(connection)
    return number


def take_out(connection: Connection, rule: str, at: datetime, by: str) -> bool:
    """Take a rule out of force; its deadlines and running ladders end, and a pause with them. False when it was not in force."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    gone = {"state": ARCHIVED, "archived_at": at, "archived_by": by}
    done = connection.execute(update(_VERSIONS).where(here).values(gone)).rowcount > 0
    if done:
        connection.execute(delete(_PAUSES).where(_PAUSES.c.rule == rule))
        end_running(connection, rule, at, ("absence", "step"))
        grow_revision(connection)
    return done


def end_running(connection: Connection, rule: str, at: datetime, kinds: Sequence[str]) -> int:
    """End what the rule still has on the agenda: its ladders (``step``), its deadlines (``absence``); how many."""
    return end_open_entries(connection, rule, kinds, at, "the rule is paused or archived")


def one_at_a_time(connection: Connection) -> None:
    """Wait until nobody else changes rules, and keep it so until the transaction ends."""
    if not is_sqlite(connection):  # SQLite lets one writer in at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHANGES_LOCK})


def grow_revision(connection: Connection) -> None:
    """Say that something changed: every process takes it over at its next `refresh`."""
    grown = update(_REVISION).values(revision=_REVISION.c.revision + 1)
    if connection.execute(grown).rowcount == 0:
        connection.execute(insert(_REVISION).values(id=1, revision=1))


def _retire(connection: Connection, rule: str, successor: Mapping[str, Any], at: datetime, by: str) -> datetime:
    """Archive the version in force, if there is one; return since when its successor is asked."""
    here = (_VERSIONS.c.rule == rule) & (_VERSIONS.c.state == PUBLISHED)
    old = connection.execute(select(_VERSIONS.c.document, _VERSIONS.c.since).where(here)).first()
    if old is None:
        return at
    gone = {"state": ARCHIVED, "archived_at": at, "archived_by": by}
    connection.execute(update(_VERSIONS).where(here).values(gone))
    return old.since if same(successor.get("when"), old.document.get("when")) and old.since else at
