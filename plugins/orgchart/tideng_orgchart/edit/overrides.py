"""Keeps edits made in the deployment apart from the client's files, so that neither overwrites the other.

An edited row remembers its content in the files when they were last applied (its base). Where the files still have the base, the
edit stays. Where they have something else, both sides changed, and somebody decides with ``take``. Units, positions and people
are each compared with all their periods together, because a period of one side makes no sense among those of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from tideng.plugin import InvalidBundle, Problem, dialect_insert
from tideng_orgchart.organisation.store import Difference
from tideng_orgchart.tables import EditRow

FILES, DEPLOYMENT = "files", "deployment"
Key = tuple[str, str, str]
"""Table, id of the unit, position or person, and the rest of the row's key."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The last editor of a row, and the row in the files when they were last applied (`base`, None for no row)."""

    base: Mapping[str, Any] | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Weighed:
    """What applying the files does. `write`: rows to write; `kept`: edits that stay, and `torn`: rows that both sides changed, each
    with the editor; `forget`: edits to delete; `rebase`: rows whose base becomes what the files have now."""

    write: tuple[Difference, ...] = ()
    kept: tuple[tuple[Difference, str], ...] = ()
    torn: tuple[tuple[Difference, str], ...] = ()
    forget: frozenset[Key] = frozenset()
    rebase: tuple[Difference, ...] = ()

    @property
    def lines(self) -> list[str]:
        """One line for each item, for people."""
        return [
            *map(str, self.write),
            *(f"{one.what}: {by} changed it in the deployment; kept" for one, by in self.kept),
            *(f"{one.what}: changed in the files, and by {by} in the deployment" for one, by in self.torn),
        ]

    def refuse_torn(self) -> None:
        """Raise `InvalidBundle` with every row that both sides changed."""
        if self.torn:
            raise InvalidBundle(
                "organisation",
                [Problem(one.what, "override-conflict", {"by": by}) for one, by in self.torn],
            )


def key_of(difference: Difference) -> Key:
    name, *rest = map(str, difference.key)
    return difference.table.name, name, ",".join(rest)


def read(connection: Connection) -> dict[Key, Edit]:
    """Every edited row with its base. One statement."""
    row = EditRow
    columns = select(row.kind, row.name, row.key, row.base, row.by, row.at)
    return {(one.kind, one.name, one.key): Edit(one.base, one.by, one.at) for one in connection.execute(columns)}


def weigh(found: Sequence[Difference], edits: Mapping[Key, Edit], take: str = "") -> Weighed:
    """Sort the differences `found` between the database and the files. `take`: ``files`` or ``deployment`` wins where both changed;
    '' leaves the row torn."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for one in found:
        groups.setdefault(key_of(one)[:2], []).append(one)
    authors = {key[:2]: edit.by for key, edit in edits.items()}
    whole = Weighed(forget=frozenset(key for key in edits if key[:2] not in groups))
    for group, mine in groups.items():
        whole = _joined(whole, _weigh_group(mine, edits, authors.get(group, ""), group, take))
    return whole


def _weigh_group(
    mine: Sequence[Difference], edits: Mapping[Key, Edit], by: str, group: tuple[str, str], take: str
) -> Weighed:
    if not by:
        return Weighed(write=tuple(mine))
    if all(_as_before(one, edits.get(key_of(one))) for one in mine):
        return Weighed(kept=((mine[0], by),))
    if take == FILES:
        return Weighed(write=tuple(mine), forget=frozenset(key for key in edits if key[:2] == group))
    if take == DEPLOYMENT:
        return Weighed(kept=((mine[0], by),), rebase=tuple(mine))
    return Weighed(torn=((mine[0], by),))


def _as_before(one: Difference, edit: Edit | None) -> bool:
    """Whether the files still have the base of the edit."""
    return edit is not None and edit.base == _plain(one.after)


def _joined(one: Weighed, two: Weighed) -> Weighed:
    return Weighed(
        one.write + two.write,
        one.kept + two.kept,
        one.torn + two.torn,
        one.forget | two.forget,
        one.rebase + two.rebase,
    )


def settle(connection: Connection, weighed: Weighed, edits: Mapping[Key, Edit], at: datetime) -> None:
    """Delete edits that are over, and store the new base of edits that win over changed files."""
    row = EditRow
    for kind, name, key in weighed.forget:
        connection.execute(delete(row).where(row.kind == kind, row.name == name, row.key == key))
    authors = {key[:2]: edit.by for key, edit in edits.items()}
    _put(connection, [(one, one.after, authors[key_of(one)[:2]]) for one in weighed.rebase], at)


def remember(connection: Connection, found: Iterable[Difference], by: str, at: datetime) -> None:
    """Note that `by` edited these rows. The base of a row is stored with its first edit and then stays."""
    edits = read(connection)
    bases = [(one, edits[key_of(one)].base if key_of(one) in edits else _plain(one.before), by) for one in found]
    _put(connection, bases, at)


def _put(connection: Connection, changed: Sequence[tuple[Difference, Any, str]], at: datetime) -> None:
    rows = [
        {"kind": kind, "name": name, "key": key, "base": _plain(base), "by": by, "at": at}
        for one, base, by in changed
        for kind, name, key in (key_of(one),)
    ]
    if rows:
        statement = dialect_insert(connection)(EditRow)
        same = ["kind", "name", "key"]
        set_ = {name: statement.excluded[name] for name in ("base", "by", "at")}
        connection.execute(statement.on_conflict_do_update(index_elements=same, set_=set_), rows)


def _plain(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A row with values that JSON has."""
    if row is None:
        return None
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
