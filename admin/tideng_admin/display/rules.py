"""Rules as the pages show them: every version that was ever published, read from the rule store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.text import same
from tideng.model.catalogue import Text
from tideng.outbox.system_rules import system_watch
from tideng_rules.document.yaml_writer import to_yaml
from tideng_rules.lifecycle.pausing import pauses
from tideng_rules.lifecycle.quarantine import ALL, set_aside
from tideng_rules.lifecycle.versions import PUBLISHED, documents_of_rules, stored_versions
from tideng_rules.packaging.source_text import exact


@dataclass(frozen=True, slots=True)
class RuleShown:
    """One version of one rule. `state`: published (in force), archived."""

    id: str
    version: int
    state: str
    document: Mapping[str, Any]
    published_at: datetime | None
    note: str
    author: str
    source: str | None = None

    @property
    def title(self) -> Text:
        return text_of(self.document.get("title"))

    @property
    def why(self) -> Text:
        return text_of(self.document.get("why"))

    def fits(self, words: str) -> bool:
        """Whether all these words are in its id, title or reason, in any language."""
        said = " ".join([self.id, *self.title.values(), *self.why.values()]).casefold()
        return all(word in said for word in words.casefold().split())

    @property
    def yaml(self) -> str:
        """As it was imported; else as a person would write it: in the order in which it is read."""
        return as_yaml(self.document) if self.source is None else exact(self.document, self.source)


def rules(connection: Connection, state: str | None = PUBLISHED) -> list[RuleShown]:
    """The rules in force, by id; with another `state` those archived; None for both."""
    return [RuleShown(*one) for one in stored_versions(connection, state=state or None)]


def archived(connection: Connection, in_force: Collection[str]) -> list[RuleShown]:
    """The newest version of every rule that is not in force, by id."""
    newest: dict[str, RuleShown] = {}
    for one in rules(connection, "archived"):
        newest.setdefault(one.id, one)
    return [one for id, one in newest.items() if id not in in_force]


def versions(connection: Connection, rule: str) -> list[RuleShown]:
    """Every published version of one rule, newest first."""
    return [RuleShown(*one) for one in stored_versions(connection, rule=rule)]


def version(connection: Connection, rule: str, number: int) -> RuleShown | None:
    """The version that spoke; None when it came from elsewhere."""
    found = stored_versions(connection, rule=rule, number=number)
    return RuleShown(*found[0]) if found else None


def titles(connection: Connection, ids: Collection[str]) -> dict[str, Text]:
    """The latest title of each rule; what has none is left out. One query."""
    if not ids:
        return {}
    found = documents_of_rules(connection, ids)
    of_the_system = {rule: watch.title for rule in ids if (watch := system_watch(rule))}
    return of_the_system | {rule: text_of(document.get("title")) for rule, document in found}


def resting(connection: Connection, viewer: Viewer) -> dict[str, tuple[str, str]]:
    """Rules in force that speak to nobody now, by id: ``paused`` or ``quarantined``, and why. Two statements."""
    aside = {one.rule: ("quarantined", one.why) for one in set_aside(connection, viewer) if one.engine == ALL}
    return aside | {rule: ("paused", one.why) for rule, one in pauses(connection, viewer).items()}


def as_yaml(document: Any) -> str:
    """The document as a person would write it: in the order in which it is read."""
    return to_yaml(_in_order(document))


def text_of(value: Any) -> Text:
    """A wording as a mapping of locales, also where the document has a bare text."""
    return value if isinstance(value, Mapping) else same(value) if isinstance(value, str) else {}


_ORDER = (
    "id kind title zh en why about event every without within wait not_all match clock where on at when who fact all any none if "
    "then nudge ask mark infer emit improve plan to severity channel message later until limit once_per at_most by metrics"
).split()


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        place = {name: number for number, name in enumerate(_ORDER)}
        return {name: _in_order(value[name]) for name in sorted(value, key=lambda name: place.get(name, len(place)))}
    return [_in_order(item) for item in value] if isinstance(value, list) else value
