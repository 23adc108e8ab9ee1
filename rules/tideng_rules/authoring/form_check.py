"""What the rules in force ask of a form while it is being filled in: the same as they later ask about its event.

A rule that asks (``ask: needs``) is triggered by the event that a form becomes. Here the event is made in advance
and judged as the worker judges it later (facts, metrics with this event in them, inferences, conditions). Nothing is stored.
A rule's limit does not count: it says how often a rule speaks by itself, and a form asks whenever it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection

from tideng.facts.world import World
from tideng.judging.pipeline import Flow
from tideng.judging.questions import Ask
from tideng.judging.watch_index import WatchList
from tideng.judging.world_loader import WorkingSet
from tideng.model.catalogue import Catalogue
from tideng.model.event import Event
from tideng.model.judge_contract import (
    Finding,
    OnEvent,
    Reason,
    Watch,
)
from tideng.model.templates import render
from tideng.org.directory import Directory
from tideng.plugins.forms import Asked, Form
from tideng_rules.document.model import Rule
from tideng_rules.engine.rulebook import Book, Published

if TYPE_CHECKING:
    from tideng.plugins.manager import Plugins
    from tideng.runtime.deployment import Deployment

SOURCE = "tideng/forms"
"""The `source` of events that are made for a form and never stored."""


class FormChecks:
    """Asks the rules of one book about forms. As immutable as the book: what is made for an event type is made once."""

    def __init__(self, book: Book, deployment: Deployment):
        self.book, self._deployment = book, deployment
        self._aside = frozenset(book.quarantined)
        self._panels: dict[str, Panel | None] = {}

    def are_of(self, book: Book) -> bool:
        """Whether these checks are up to date with `book`; rules may have gone into quarantine since."""
        return self.book is book and self._aside == frozenset(book.quarantined)

    def asked(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> list[Asked]:
        """What the rules ask to be added to `form`; [] if the form becomes no event. Costs a few statements."""
        panel = self._panel(form.event_type)
        if panel is None:
            return []
        catalogue = self._deployment.catalogue
        event = event_of(form, catalogue)
        world = WorkingSet(connection, catalogue, directory, panel.watchlist).for_events([event], now)
        trial = _Trial(panel, self._deployment)
        trial.hear(world, [event])
        return [one for finding, facts in trial.found for one in _asked_by(finding, facts)]

    def _panel(self, event_type: str) -> Panel | None:
        if event_type not in self._panels:
            asking = [one for one in self.book.rules.values() if asks_about(one.rule, event_type)]
            sound = [one for one in asking if one.rule.id not in self._aside]
            self._panels[event_type] = Panel(sound, self.book, self._deployment.catalogue) if sound else None
        return self._panels[event_type]


class Panel:
    """The rules that ask about one type of event, and those whose inferences they read, in a book of their own: judged by
    generated functions in this process, whatever engine the worker has."""

    def __init__(self, asking: Sequence[Published], book: Book, catalogue: Catalogue):
        needed = {other.id for one in asking for other in book.providers_of(one.rule)} | {one.rule.id for one in asking}
        self.book = Book([book.rules[rule] for rule in needed], catalogue, before=book)
        found = (self.book.watch(one.rule.id, one.version) for one in asking)
        watches: list[Watch] = [watch for watch in found if watch is not None]
        self.watchlist = WatchList(watches, catalogue, lambda rule, version: None, keep_standard=False)


class _Trial(Flow):
    """The judging pipeline for one look at a form: it keeps findings in `found` and stores nothing."""

    def __init__(self, panel: Panel, deployment: Deployment):
        plugins = cast("Plugins", _Judges(panel.book, deployment.plugins))
        super().__init__(plugins, deployment.catalogue, deployment.calendar, panel.watchlist, deployment.profile.locale)
        self.found: list[tuple[Finding, Mapping[str, Any]]] = []

    def _speak(self, world: World, ask: Ask, finding: Finding) -> list[Ask]:
        if ask.interest is not None and finding.rule in ask.interest.rules:
            self.found.append((finding, ask.facts))
        return []


class _Judges:
    """The plugins as the pipeline calls them, with one book in place of every judge."""

    def __init__(self, book: Book, plugins: Plugins):
        self._book, self._plugins = book, plugins

    def call(self, hook: str, **arguments: Any) -> Sequence[Any]:
        return [self._book.judge(**arguments)] if hook == "judge" else self._plugins.call(hook, **arguments)


def asks_about(rule: Rule, event_type: str) -> bool:
    """Whether an event of this type makes the rule ask for something."""
    triggered = isinstance(rule.trigger, OnEvent) and rule.trigger.event_type == event_type
    return triggered and any(deed.action == "ask" for deed in rule.then)


def event_of(form: Form, catalogue: Catalogue) -> Event:
    """The event that `form` becomes, with the fields filled in so far."""
    kind = catalogue.event_types.get(form.event_type)
    known = {one.name for one in kind.fields} if kind and not kind.open else form.data.keys()
    data = {name: value for name, value in form.data.items() if name in known and value is not None}
    return Event(f"{form.name}/{form.person}", SOURCE, form.event_type, form.at, form.person, data)


def _asked_by(finding: Finding, facts: Mapping[str, Any]) -> Iterable[Asked]:
    for deed in finding.deeds:
        if deed.action == "ask":
            name = str(deed.data["field"])
            said = {locale: render(text, facts, locale) for locale, text in deed.message.items()}
            yield Asked(name, said, str(deed.data["severity"]), finding.rule, _enough(name, finding.why))


def _enough(field: str, why: Iterable[Reason]) -> int:
    """The number of characters or items that satisfies the rule; 0 if it does not look at a length."""
    for reason in why:
        counts = reason.fact == f"event.{field}.length" and reason.holds and isinstance(reason.operand, int)
        if counts and reason.op in ("lt", "lte"):
            return int(reason.operand) + (reason.op == "lte")
    return 0
