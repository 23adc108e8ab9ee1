"""Which rules this process keeps from which engine: those in the database, and those it has found itself since.

Found while judging, written down between batches, read with the next version of the rules by every process. Only the
version that was found out is set aside; another version of the rule is tried like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from tideng.base.text import Each, phrase
from tideng.plugins.attention import Attention
from tideng_rules.engine.faults import UNREADABLE, Trouble
from tideng_rules.engine.rulebook import Published
from tideng_rules.lifecycle import quarantine
from tideng_rules.lifecycle.quarantine import ALL, DURABLE, SetAside

_Key = tuple[str, int, str]
"""rule, version, engine."""


class Wards:
    """`for_all`: rules that nobody judges; `for_engine`: those that closures judge in the engine's place. By rule id."""

    def __init__(self) -> None:
        self.for_all: dict[str, Trouble] = {}
        self.for_engine: dict[str, Trouble] = {}
        self._versions: dict[str, int] = {}
        self._written: set[_Key] = set()
        self._healed: list[_Key] = []

    def read(
        self,
        connection: Connection,
        rules: Iterable[Published],
        unreadable: Mapping[str, int],
        found: Iterable[Mapping[str, Trouble]] = (),
    ) -> None:
        """Take up what the database says of the versions in force, and keep what this process `found` and has not
        written yet. What was written and is there no more was released: it is tried again. `unreadable`: rule → version."""
        before, written = self._versions, self._written
        now = {one.rule.id: one.version for one in rules}
        self._versions = now | dict(unreadable)
        rows = [one for one in quarantine.get(connection) if self._versions.get(one.rule) == one.version]
        self._written = {(one.rule, one.version, one.engine) for one in rows}
        self._healed = []
        self.for_all, self.for_engine = {}, {}
        for one in rows:
            trouble = Trouble.of(one.details, one.why)
            if trouble.cause == UNREADABLE and one.rule in now:  # this program can read it
                self._healed.append((one.rule, one.version, one.engine))
            else:
                (self.for_engine if one.engine == DURABLE else self.for_all)[one.rule] = trouble
        for rule, trouble in ((rule, trouble) for part in found for rule, trouble in part.items()):
            key = _key(rule, before.get(rule, 0), trouble)
            if key not in written and before.get(rule) == now.get(rule):
                (self.for_engine if trouble.by_closures else self.for_all).setdefault(rule, trouble)
        for rule in unreadable:
            self.for_all.setdefault(rule, Trouble(UNREADABLE))

    def unwritten(self, found: Collection[Mapping[str, Trouble]], at: datetime) -> list[SetAside]:
        """What was found out and is not in the database yet."""
        news = {
            _key(rule, self._versions[rule], trouble): trouble
            for part in found
            for rule, trouble in part.items()
            if rule in self._versions
        }
        return [
            SetAside(rule, version, engine, str(trouble), at, trouble.details)
            for (rule, version, engine), trouble in news.items()
            if (rule, version, engine) not in self._written
        ]

    @property
    def idle(self) -> bool:
        """Whether nothing that was set aside has turned out to be sound."""
        return not self._healed

    def write(self, connection: Connection, news: Iterable[SetAside]) -> list[SetAside]:
        """Write it down, in a transaction that writes; returns what no other process had written before."""
        for rule, version, engine in self._healed:
            quarantine.clear(connection, rule, version, engine)
        self._healed = []
        mine = [one for one in news if quarantine.put(connection, one)]
        self._written |= {(one.rule, one.version, one.engine) for one in news}
        return mine


def _key(rule: str, version: int, trouble: Trouble) -> _Key:
    return rule, version, DURABLE if trouble.by_closures else ALL


def attention(one: SetAside) -> Attention:
    """The same for a person who has to do something about it."""
    trouble = Trouble.of(one.details, one.why)
    on = phrase("closures judge it meanwhile")
    if one.engine == ALL:
        on = phrase("nobody is spoken to by it meanwhile")
    since = f"{one.since:%Y-%m-%d %H:%M} UTC"
    return Attention(
        what=phrase("rule {rule}", rule=one.rule),
        said=phrase(
            "version {version} was set aside on {since}: {trouble}; {meanwhile}",
            version=one.version,
            since=since,
            trouble=Each(trouble.words),
            meanwhile=on,
        ),
        way_out=phrase("edit and publish it, or try it again: `tideng rules try-again {rule}`", rule=one.rule),
        subject=one.rule,
    )
