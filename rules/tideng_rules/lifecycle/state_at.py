"""The state of a rule at a moment: the version in force, whether it was paused, whether it was in quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, Table, or_, select

from tideng.base.errors import InvalidRule, NotFound
from tideng.model.catalogue import Catalogue
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.rulebook import Book, Published
from tideng_rules.lifecycle.quarantine import ALL, SetAside
from tideng_rules.lifecycle.tables import RulePauseRow, RuleQuarantineRow, RuleVersionRow
from tideng_rules.lifecycle.versions import Version

_VERSIONS = cast(Table, RuleVersionRow.__table__)
_COLUMNS = [_VERSIONS.c[name] for name in Version.__slots__]


@dataclass(frozen=True, slots=True)
class Silenced:
    """Since when a rule is paused or set aside, by whom, and why."""

    since: datetime
    by: str
    why: str


class Standing:
    """Every version of one rule; raises `NotFound` for a rule that never was. Whoever asks has been authorised."""

    def __init__(self, connection: Connection, catalogue: Catalogue, rule: str):
        self._connection, self._catalogue, self.rule = connection, catalogue, rule
        rows = connection.execute(select(*_COLUMNS).where(_VERSIONS.c.rule == rule).order_by(_VERSIONS.c.version))
        self.versions: Sequence[Version] = [Version(*row) for row in rows]
        if not self.versions:
            raise NotFound("no-rule", {"rule": rule})

    def at(self, moment: datetime) -> Version | None:
        """The version in force at `moment`; None where there was none."""
        return next((one for one in reversed(self.versions) if _began(one) <= moment < self._ended(one, moment)), None)

    def nearest(self, moment: datetime) -> Version:
        """The version in force at `moment`, else the last one before it, else the first one ever."""
        before = [one for one in self.versions if _began(one) <= moment]
        return self.at(moment) or (before[-1] if before else self.versions[0])

    def number(self, version: int) -> Version:
        """One version; raises `NotFound`."""
        found = next((one for one in self.versions if one.version == version), None)
        if found is None:
            raise NotFound("no-rule-version", {"version": version, "rule": self.rule})
        return found

    def ended(self, version: Version) -> datetime | None:
        """When a version went out of force; None while it is in force, or where nobody wrote it down."""
        following = next((one for one in self.versions if one.version > version.version), None)
        return version.archived_at or (_began(following) if following else None)

    def parsed(self, version: Version) -> Rule | None:
        """The rule as it is executed; None when this version can no longer be read."""
        try:
            return parse_rule(version.document, self._catalogue)
        except InvalidRule:
            return None

    def paused(self, moment: datetime) -> Silenced | None:
        """The pause that the rule was in at `moment` and still is; one that is over moved the version's `since`."""
        table = cast(Table, RulePauseRow.__table__)
        wanted = (table.c.rule == self.rule) & (table.c.since <= moment)
        row = self._connection.execute(select(table.c.since, table.c.by, table.c.why).where(wanted)).first()
        return Silenced(*row) if row else None

    def set_aside(self, version: int, moment: datetime) -> SetAside | None:
        """That nobody judged this version at `moment`; a version that only one engine does not judge is judged."""
        table = cast(Table, RuleQuarantineRow.__table__)
        wanted = (table.c.rule == self.rule) & (table.c.version == version) & (table.c.since <= moment)
        columns = [table.c[name] for name in SetAside.__slots__]
        row = self._connection.execute(select(*columns).where(wanted, table.c.engine == ALL)).first()
        return SetAside(*row) if row else None

    def book(self, rule: Rule, version: int, moment: datetime, reads_inferences: bool) -> Book:
        """The rule as it was judged at `moment`: with those that inferred something for it then, where it reads that."""
        others = self._others(moment) if reads_inferences else []
        return Book([*others, Published(rule, version)], self._catalogue)

    def _others(self, moment: datetime) -> list[Published]:
        before = (_VERSIONS.c.published_at <= moment) & (_VERSIONS.c.rule != self.rule)
        still = or_(_VERSIONS.c.archived_at.is_(None), _VERSIONS.c.archived_at > moment)
        rows = self._connection.execute(
            select(_VERSIONS.c.rule, _VERSIONS.c.version, _VERSIONS.c.document)
            .where(before, still)
            .order_by(_VERSIONS.c.version)
        )
        found = {}
        for row in rows:
            try:
                found[row.rule] = Published(parse_rule(row.document, self._catalogue), row.version)
            except InvalidRule:
                continue
        return list(found.values())

    def _ended(self, version: Version, otherwise: datetime) -> datetime:
        return self.ended(version) or (otherwise + timedelta(days=1) if version.state == "published" else otherwise)


def _began(version: Version) -> datetime:
    return version.published_at or version.created_at
