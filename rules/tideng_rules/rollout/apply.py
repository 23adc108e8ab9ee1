"""Apply the rules of the client's files without overwriting what people changed in the deployment.

For each rule there are three documents: what the files said when they were last applied (the base), what they say now,
and what is in force. Somebody has to decide, with ``take``, only if both sides changed the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, func, select

from tideng.base.errors import InvalidBundle, Problem
from tideng_rules.document.merge import Conflict, merge, same
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.tables import PUBLISHED, RuleVersionRow

BUNDLE = "bundle"
"""The author of rules that came from the client's files."""
FILES, DEPLOYMENT = "files", "deployment"
AS_FILES_SAY = "files"
"""Under this name the origin of a version keeps what the files said, where the version itself says something else."""
_VERSIONS = cast(Table, RuleVersionRow.__table__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One rule as the files have it. `origin`: the pack it was made from, None for a file of the client's own."""

    document: Mapping[str, Any]
    origin: Mapping[str, Any] | None = None

    @property
    def rule(self) -> str:
        return str(self.document["id"])


@dataclass(frozen=True, slots=True)
class Change:
    """What applying does to one rule; `version` is the one that results.

    what: new, changed, archived; kept (changed in the deployment by `by`, the files did not change since), merged (both
    changed, and both changes go together; at `conflicts` the deployment's stands), torn (both changed a file of the
    client's own, and somebody must decide), stays archived (`by` took it out of force).
    """

    rule: str
    what: str
    version: int
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    origin: Mapping[str, Any] | None = None
    conflicts: tuple[Conflict, ...] = ()
    by: str = ""
    since: int = 0

    @property
    def writes(self) -> bool:
        return self.what in ("new", "changed", "merged", "archived")

    def __str__(self) -> str:
        if self.what == "kept":
            return f"rule {self.rule}: {self.by} changed it in the deployment after version {self.since}; kept"
        if self.what == "stays archived":
            return f"rule {self.rule}: {self.by} archived it in the deployment; it stays so"
        if self.what == "torn":
            return (
                f"rule {self.rule}: changed in the files, and by {self.by} in the deployment after version {self.since}"
            )
        return f"rule {self.rule}: {self.what}, version {self.version}"


def changes(connection: Connection, wanted: Iterable[Wanted], take: str = "") -> list[Change]:
    """What `apply` would do, by rule id; [] when everything is as it should be.

    `wanted` is all that the files have, so that other rules which came from files are archived. `take`: ``files`` or
    ``deployment`` count where both say something; '' leaves torn rules for a person to decide.
    """
    files = {one.rule: one for one in wanted}
    held = _Held(connection)
    found = [held.compare(one, take) for one in files.values()]
    found += [held.gone(rule) for rule in held.current if rule not in files]
    return sorted((one for one in found if one), key=lambda change: change.rule)


def apply(connection: Connection, wanted: Iterable[Wanted], at: datetime, take: str = "") -> list[Change]:
    """Publish what differs, each rule as a new version; say what changed, and what was kept.

    Call it inside a transaction that writes; the documents must be checked before. Raises `InvalidBundle` for torn rules.
    """
    store.one_at_a_time(connection)
    found = changes(connection, wanted, take)
    torn = [one for one in found if one.what == "torn"]
    if torn:
        raise InvalidBundle("rules", list(map(_problem, torn)))
    for change in found:
        if change.what == "archived":
            store.take_out(connection, change.rule, at, BUNDLE)
        elif change.writes and change.after is not None:
            made_from = store.Provenance(change.origin)
            publication = store.Publication(change.by or BUNDLE, archived_by=BUNDLE, provenance=made_from)
            store.put_version(connection, change.after, at, publication)
    return found


def _problem(torn: Change) -> Problem:
    return Problem(f"rule {torn.rule}", "changed-on-both-sides", {"who": torn.by, "version": torn.since})


class _Held:
    """What the deployment has: the newest version of every rule, and what the files last said of it."""

    def __init__(self, connection: Connection):
        table = _VERSIONS
        newest = select(table.c.rule, func.max(table.c.version).label("version")).group_by(table.c.rule).subquery()
        rows = connection.execute(
            select(table).join(newest, (table.c.rule == newest.c.rule) & (table.c.version == newest.c.version))
        )
        self.newest = {row.rule: row for row in rows}
        self.current = {rule: row for rule, row in self.newest.items() if row.state == PUBLISHED}
        self._bases = self._read_bases(connection, [r for r, row in self.newest.items() if row.author != BUNDLE])

    def compare(self, wanted: Wanted, take: str) -> Change | None:
        row = self.newest.get(wanted.rule)
        if row is None or row.state != PUBLISHED:
            return self._returning(wanted, row, take)
        base, since = self._base(row)
        document, number = wanted.document, row.version + 1
        if same(row.document, document):
            return None
        if same(row.document, base) or take == FILES:
            return Change(wanted.rule, "changed", number, row.document, document, wanted.origin)
        if same(document, base):
            return Change(wanted.rule, "kept", row.version, row.document, document, by=row.author, since=since)
        origin = {**(wanted.origin or {}), AS_FILES_SAY: dict(document)}
        if take == DEPLOYMENT:
            return Change(wanted.rule, "merged", number, row.document, row.document, origin, by=row.author)
        if wanted.origin is None:
            return Change(wanted.rule, "torn", row.version, row.document, document, by=row.author, since=since)
        merged = merge(base or {}, row.document, document)
        return Change(
            wanted.rule, "merged", number, row.document, merged.document, origin, merged.conflicts, row.author, since
        )

    def gone(self, rule: str) -> Change | None:
        """The files do not have this rule: those that came from them, and were left as they were, are archived."""
        row = self.current[rule]
        base, since = self._base(row)
        if base is None:
            return None
        if same(base, row.document):
            return Change(rule, "archived", row.version, row.document)
        return Change(rule, "kept", row.version, row.document, by=row.author, since=since)

    def _returning(self, wanted: Wanted, row: Row[Any] | None, take: str) -> Change:
        by_hand = row is not None and row.archived_by not in (None, BUNDLE)
        if row is not None and by_hand and take != FILES:
            return Change(wanted.rule, "stays archived", row.version, by=row.archived_by)
        number = row.version + 1 if row is not None else 1
        return Change(wanted.rule, "new", number, None, wanted.document, wanted.origin)

    def _base(self, row: Row[Any]) -> tuple[Mapping[str, Any] | None, int]:
        """What the files last said of the rule, and in which version; (None, 0) when they never named it."""
        return (row.document, row.version) if row.author == BUNDLE else self._bases.get(row.rule, (None, 0))

    @staticmethod
    def _read_bases(connection: Connection, rules: Sequence[str]) -> dict[str, tuple[Mapping[str, Any], int]]:
        table = _VERSIONS
        columns = (table.c.rule, table.c.version, table.c.author, table.c.document, table.c.origin)
        found: dict[str, tuple[Mapping[str, Any], int]] = {}
        for row in connection.execute(select(*columns).where(table.c.rule.in_(rules)).order_by(table.c.version)):
            said = (row.origin or {}).get(AS_FILES_SAY)
            if row.author == BUNDLE or said is not None:
                found[row.rule] = (said if said is not None else row.document, row.version)
        return found
