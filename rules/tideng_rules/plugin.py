"""The rules as a plugin: published from the bundle, refreshed when they change, asked what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection

from tideng.catalogue import Catalogue
from tideng.database import reading
from tideng.errors import Problem
from tideng.hookspecs import hookimpl
from tideng.judging import Finding, Situation, Watch
from tideng.profile import CLIENT
from tideng_rules import applying, store
from tideng_rules.applying import Wanted
from tideng_rules.book import Book, Matcher, Published, Questions, closures
from tideng_rules.check import check_sources
from tideng_rules.closures import RuleFault
from tideng_rules.lifecycle import pause_by_itself
from tideng_rules.packs import load_rules_of, read_sources

if TYPE_CHECKING:
    from tideng.bundle import Bundle
    from tideng.deployment import Deployment

log = structlog.get_logger("tideng.rules")


class RulesPlugin:
    """Judges with the rules in force. `book` holds them; None until the first `refresh` or, in a replay, `apply_bundle`."""

    def __init__(self) -> None:
        self.book: Book | None = None
        self._deployment: Deployment | None = None
        self._revision: int | None = None
        self._matcher: Matcher | None = None
        self._told: frozenset[str] = frozenset()
        self._hear_fault: Callable[[RuleFault], None] = lambda fault: None

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self._deployment = deployment

    @hookimpl
    def migrations(self) -> str:
        return str(Path(__file__).parent / "migrations")

    # -- the client's files ------------------------------------------------------------------------------------
    @hookimpl
    def check_bundle(self, bundle: Bundle) -> list[Problem]:
        catalogue = with_client_types(self._catalogue, bundle)
        sources, unreadable = read_sources(bundle, catalogue)
        directory = bundle.directory() if bundle.positions else None
        return [*unreadable, *check_sources(sources, catalogue, directory)]

    @hookimpl
    def apply_bundle(self, bundle: Bundle, connection: Connection | None) -> list[str]:
        rules = load_rules_of(bundle, with_client_types(self._catalogue, bundle))
        if connection is None:
            self._use([Published(rule) for rule in rules], {})
            return [f"rule {rule.id}: new, version 1" for rule in rules]
        wanted = [Wanted(rule.document) for rule in rules]
        return list(map(str, applying.apply(connection, wanted, self._here.clock.now())))

    @hookimpl
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> list[str]:
        rules = load_rules_of(bundle, with_client_types(self._catalogue, bundle))
        return list(map(str, applying.changes(connection, [Wanted(rule.document) for rule in rules])))

    # -- judging -----------------------------------------------------------------------------------------------
    @hookimpl
    def pause_rule(self, rule: str, why: str, detail: Mapping[str, Any], connection: Connection) -> bool | None:
        pause_by_itself(connection, rule, why, detail, self._here.clock.now())
        return store.is_in_force(connection, rule) or None

    @hookimpl
    def refresh(self, connection: Connection) -> bool:
        revision = store.revision(connection)
        if self.book is not None and revision == self._revision:
            set_aside = frozenset(self.book.quarantined)
            changed, self._told = set_aside != self._told, set_aside
            return changed  # a rule that was set aside is not to be asked any more
        self._use(*store.in_force(connection, self._catalogue))
        self._revision = revision
        return True

    @hookimpl
    def watches(self) -> Sequence[Watch]:
        return self.book.watches() if self.book else []

    @hookimpl
    def watch(self, rule: str, version: int) -> Watch | None:
        return self.book.watch(rule, version) if self.book else None

    @hookimpl
    def judge(self, situations: Sequence[Situation]) -> Sequence[Finding]:
        return self.book.judge(situations) if self.book else []

    @property
    def engine(self) -> str:
        """``durable`` or ``closures``: what judges. A replay takes closures, which need no process of their own."""
        deployment = self._deployment
        return deployment.settings.engine if deployment and deployment.has_database else "closures"

    @property
    def matcher(self) -> Matcher | None:
        """The engine at work, for whoever shows its state; None until it was first asked."""
        return self._matcher

    def close(self) -> None:
        """End the engine's process, if there is one."""
        if self._matcher is not None:
            self._matcher.close()
            self._matcher = None

    def _use(self, rules: Iterable[Published], unreadable: Mapping[str, str]) -> None:
        rules = list(rules)
        kept = {}
        if self.book is not None:  # a rule that was set aside stays so until it is edited
            same = {one.rule.id for one in rules if self.book.rules.get(one.rule.id, one).version == one.version}
            kept = {rule_id: why for rule_id, why in self.book.quarantined.items() if rule_id in same}
        for rule_id, why in unreadable.items():
            log.error("rule cannot be read", rule=rule_id, why=why)
        self.book = Book(rules, self._catalogue, self._make_matcher, self._load, {**kept, **unreadable})
        self._told = frozenset(self.book.quarantined)

    def _make_matcher(self, questions: Questions, on_fault: Callable[[RuleFault], None]) -> Matcher:
        """One engine for the life of the process: a new book gives it new rules."""
        self._hear_fault = on_fault
        if self._matcher is not None:
            self._matcher.replace(questions)
        elif self.engine == "closures":
            self._matcher = closures(questions, self._faulted)
        else:
            from tideng_rules.supervisor import SupervisedMatcher

            deadline = self._here.settings.engine_deadline_seconds
            self._matcher = SupervisedMatcher(questions, deadline, self._faulted)
        return self._matcher

    def _faulted(self, fault: RuleFault) -> None:
        log.error("rule failed", rule=fault.rule_id, error_type=type(fault.cause).__name__)
        self._hear_fault(fault)

    def _load(self, rule: str, version: int) -> Published | None:
        if self._deployment is None or not self._deployment.has_database:
            return None
        with reading(self._deployment.engine) as connection:
            return store.load_version(connection, rule, version, self._catalogue)

    @property
    def _here(self) -> Deployment:
        assert self._deployment is not None, "a hook was called before start"
        return self._deployment

    @property
    def _catalogue(self) -> Catalogue:
        return self._deployment.catalogue if self._deployment else Catalogue()


def with_client_types(catalogue: Catalogue, bundle: Bundle) -> Catalogue:
    """The catalogue as it will be once the bundle is applied."""
    others = {name: one for name, one in catalogue.event_types.items() if one.plugin != CLIENT}
    own = {name: one for name, one in bundle.event_types.items() if name not in others}
    return replace(catalogue, event_types={**others, **own})
