"""The rules as a plugin: published from the bundle, refreshed when they change, asked what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection

from tideng.base.errors import InvalidBundle, InvalidRule, Problem
from tideng.base.text import Text, phrase
from tideng.client.profile import CLIENT
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import EngineState, Finding, Situation, Watch
from tideng.org.directory import Directory
from tideng.plugins.attention import Attention
from tideng.plugins.forms import Asked, Form
from tideng.plugins.hookspecs import hookimpl
from tideng.store.database import reading, writing
from tideng_rules.authoring.form_check import FormChecks
from tideng_rules.check.run import check_sources
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.codegen import RuleFault
from tideng_rules.engine.engine_state import EngineNotes, noted, state_of
from tideng_rules.engine.faults import Trouble
from tideng_rules.engine.rulebook import (
    Book,
    Matcher,
    Published,
    Questions,
)
from tideng_rules.lifecycle import quarantine, scheduling, store
from tideng_rules.lifecycle.pausing import pause_by_itself
from tideng_rules.lifecycle.publishing import Ground
from tideng_rules.lifecycle.quarantine_cache import Wards, attention
from tideng_rules.packaging.reader import (
    Source,
    read_sources,
    shelf_of,
    sources_of,
)
from tideng_rules.rollout import apply, plan
from tideng_rules.rollout.apply import Change, Wanted
from tideng_rules.rollout.blueprints import keep_packs

if TYPE_CHECKING:
    from tideng.client.bundle import Bundle
    from tideng.runtime.deployment import Deployment
    from tideng_rules.engine.supervisor import SupervisedMatcher

log = structlog.get_logger("tideng.rules")
_LOOKS_EVERY = timedelta(seconds=5)


class RulesPlugin:
    """Judges with the rules in force. `book` holds them; None until the first `refresh` or, in a replay, `apply_bundle`."""

    title = phrase("Rules")

    def __init__(self) -> None:
        self.book: Book | None = None
        self._deployment: Deployment | None = None
        self._revision: int | None = None
        self._matcher: ClosureMatcher | SupervisedMatcher | None = None
        self._forms: FormChecks | None = None
        self._told: frozenset[str] = frozenset()
        self._wards = Wards()
        self._engine_notes = EngineNotes()
        self._looked: datetime | None = None
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
    def apply_bundle(self, bundle: Bundle, connection: Connection | None, take: str) -> list[Text | str]:
        catalogue = with_client_types(self._catalogue, bundle)
        sources = sources_of(bundle, catalogue)
        if connection is None:
            self._use([Published(source.rule) for source in sources])
            return [f"rule {source.rule.id}: new, version 1" for source in sources]
        wanted = _wanted(sources)
        store.one_at_a_time(connection)
        changes = apply.changes(connection, wanted, take)
        self._check_merged(bundle, catalogue, sources, changes)
        said = plan.lines(connection, changes, sources, shelf_of(bundle), catalogue)
        now = self._here.clock.now()
        apply.apply(connection, wanted, now, take)
        keep_packs(connection, shelf_of(bundle), now)
        return list(said)

    @hookimpl
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> list[Text | str]:
        catalogue = with_client_types(self._catalogue, bundle)
        sources = sources_of(bundle, catalogue)
        changes = apply.changes(connection, _wanted(sources))
        return list(plan.lines(connection, changes, sources, shelf_of(bundle), catalogue))

    @staticmethod
    def _check_merged(bundle: Bundle, catalogue: Catalogue, sources: Sequence[Source], changes: list[Change]) -> None:
        """Two documents that are each in order may not be so together; raises `InvalidBundle` with a way out."""
        merged = {one.rule: one.after for one in changes if one.what == "merged" and one.after is not None}
        if not merged:
            return
        try:
            together = [
                replace(one, rule=parse_rule(merged[one.rule.id], catalogue)) if one.rule.id in merged else one
                for one in sources
            ]
            directory = bundle.directory() if bundle.positions else None
            found = check_sources(together, catalogue, directory)
        except InvalidRule as error:
            found = list(error.problems)
        errors = [problem for problem in found if problem.severity == "error"]
        if errors:
            way_out = Problem("", "merge-conflicts")
            raise InvalidBundle("rules", [way_out, *errors])

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
        known = {(one.rule.id, one.version): one.rule for one in self.book.rules.values()} if self.book else {}
        rules, unreadable = store.in_force(connection, self._catalogue, known=known)
        for rule_id, why in unreadable.items():
            log.error("rule cannot be read", rule=rule_id, why=why)
        self._wards.read(connection, rules, store.versions_in_force(connection, unreadable), self._found_out())
        self._use(rules)
        self._revision = revision
        return True

    @hookimpl
    def recollect(self, connection: Connection, before: datetime) -> None:
        rules, _ = store.in_force(connection, self._catalogue)
        self._use(rules)

    @hookimpl
    def watches(self) -> Sequence[Watch]:
        return self.book.watches() if self.book else []

    @hookimpl
    def watch(self, rule: str, version: int) -> Watch | None:
        return self.book.watch(rule, version) if self.book else None

    @hookimpl
    def judge(self, situations: Sequence[Situation]) -> Sequence[Finding]:
        return self.book.judge(situations) if self.book else []

    @hookimpl
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> list[Asked]:
        if self.book is None or not form.event_type:
            return []
        forms = self._forms
        if forms is None or not forms.are_of(self.book):
            forms = self._forms = FormChecks(self.book, self._here)
        return forms.asked(form, connection, directory, now)

    @hookimpl
    def between_batches(self) -> None:
        if self.book is None or self._deployment is None or not self._deployment.has_database:
            return
        self._note_engine()
        self._publish_what_is_due()
        news = self._wards.unwritten(self._found_out(), self._here.clock.now())
        if news or not self._wards.idle:
            with writing(self._here.engine) as connection:
                for one in self._wards.write(connection, news):
                    cause, reads = one.details["cause"], ", ".join(one.details["facts"])
                    log.error(
                        "rule set aside",
                        rule=one.rule,
                        version=one.version,
                        engine=one.engine,
                        cause=cause,
                        reads=reads,
                    )

    def _note_engine(self) -> None:
        """Let every process know whether this one judges with the engine that was asked for, once it has judged."""
        if self._matcher is None:
            return
        state, now = state_of(self.engine, self._matcher), self._here.clock.now()
        if self._engine_notes.news(state, now):
            with writing(self._here.engine) as connection:
                self._engine_notes.write(connection, state, now)

    def _publish_what_is_due(self) -> None:
        """Drafts with a moment of their own; looked for every few seconds, since nobody waits for the second."""
        now = self._here.clock.now()
        if self._looked is not None and abs(now - self._looked) < _LOOKS_EVERY:
            return
        self._looked = now
        with reading(self._here.engine) as connection:
            due = scheduling.next_due(connection)
        if due is not None and due <= now:
            with writing(self._here.engine) as connection:
                scheduling.publish_due(connection, now, Ground.of(self._here, connection))

    @hookimpl
    def needs_attention(self, connection: Connection) -> list[Attention]:
        return [attention(one) for one in quarantine.of_those_in_force(connection)]

    @hookimpl
    def engine_state(self, connection: Connection) -> EngineState:
        mine = state_of(self.engine, self._matcher)
        return (mine.as_asked and noted(connection, self.engine, self._here.clock.now())) or mine

    @property
    def engine(self) -> str:
        """``durable`` or ``closures``: what judges. A replay takes closures, which need no process of their own."""
        deployment = self._deployment
        return deployment.settings.engine if deployment and deployment.has_database else "closures"

    @property
    def matcher(self) -> ClosureMatcher | SupervisedMatcher | None:
        """The engine at work, for whoever shows its state; None until it was first asked."""
        return self._matcher

    def close(self) -> None:
        """End the engine's process, if there is one."""
        if self._matcher is not None:
            self._matcher.close()
            self._matcher = None

    def _use(self, rules: Iterable[Published]) -> None:
        aside = self._wards.for_all
        self.book = Book(rules, self._catalogue, self._make_matcher, self._load, aside, before=self.book)
        self._told = frozenset(self.book.quarantined)
        if self._matcher is not None:  # now, while no lane is held, rather than at the first question
            self.book.engage()

    def _found_out(self) -> list[Mapping[str, Trouble]]:
        """What the book and the engine of this process have set aside, be it written down or not."""
        of_engine = getattr(self._matcher, "quarantined", {})
        return [self.book.quarantined if self.book else {}, of_engine]

    def _make_matcher(self, questions: Questions, on_fault: Callable[[RuleFault], None]) -> Matcher:
        """One engine for the life of the process: a new book gives it new rules."""
        self._hear_fault = on_fault
        if isinstance(self._matcher, ClosureMatcher):
            self._matcher.replace(questions)
        elif self._matcher is not None:
            self._matcher.replace(questions, self._wards.for_engine)
        elif self.engine == "closures":
            self._matcher = ClosureMatcher(questions, self._faulted)
        else:
            # only here: most processes never start the engine, and it loads much
            from tideng_rules.engine.supervisor import SupervisedMatcher

            settings = self._here.settings
            self._matcher = SupervisedMatcher(
                questions,
                settings.engine_deadline_seconds,
                self._faulted,
                double_check=settings.engine_double_check,
                kept=self._wards.for_engine,
            )
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


def _wanted(sources: Iterable[Source]) -> list[Wanted]:
    return [Wanted(source.rule.document, source.made_from) for source in sources]


def with_client_types(catalogue: Catalogue, bundle: Bundle) -> Catalogue:
    """The catalogue as it will be once the bundle is applied."""
    others = {name: one for name, one in catalogue.event_types.items() if one.plugin != CLIENT}
    own = {name: one for name, one in bundle.event_types.items() if name not in others}
    return replace(catalogue, event_types={**others, **own})
