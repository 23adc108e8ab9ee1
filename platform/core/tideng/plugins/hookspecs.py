"""The hooks a plugin may implement. Each docstring is the contract: when it is called, what to return.

A hook that raises is switched off with its plugin and shown; the platform runs on. Hooks run in the worker and in
the web process alike; none may keep state outside the plugin object that `start` gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.access.viewer import Viewer
    from tideng.base.errors import Problem
    from tideng.client.bundle import Bundle
    from tideng.facts.names import Point
    from tideng.model.event import Event
    from tideng.model.judge_contract import Finding, Situation, Watch
    from tideng.org.directory import Directory
    from tideng.outbox.channels import Channel
    from tideng.plugins.attachments import Paper, Reading
    from tideng.plugins.attention import Attention
    from tideng.plugins.case_notes import Aside
    from tideng.plugins.forms import Asked, Filled, Form
    from tideng.plugins.invoices import Invoice, Verdict
    from tideng.plugins.responsibilities import Responsibility
    from tideng.plugins.todos import Todo
    from tideng.privacy.holdings import Holding
    from tideng.runtime.deployment import Deployment

PROJECT = "tideng"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Every hook, in the order of the line: payload → event → facts → findings → channel."""

    @hookspec
    def declare(self) -> Iterable[object]:
        """Declare event types, facts, states, metrics, actions and channels for the catalogue.

        Called once, when the plugin is loaded, before `start`. Return catalogue entries; an action must have
        one of the four effects, and nothing may reach pay.
        """

    @hookspec
    def start(self, deployment: Deployment) -> None:
        """The deployment is open and its catalogue complete. Called once per process; do not touch the database."""

    @hookspec
    def migrations(self) -> str | None:
        """The folder of the plugin's own Alembic versions, or None. It gets a version table of its own."""

    @hookspec
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        """Check the plugin's part of a client bundle. Called by plan and apply before anything is written.

        Return every problem found, with its file and line in `at`.
        """

    @hookspec
    def apply_bundle(self, bundle: Bundle, connection: Connection | None, take: str) -> Iterable[str]:
        """Make the deployment so. Called by apply, inside its one transaction, after every check passed.

        `take` says what counts where people changed in the deployment what the bundle changes too: ``files``,
        ``deployment``, or '' to raise `InvalidBundle` with a way out. A plugin that keeps nothing people edit leaves it out.

        `connection` is None in a replay, which has no database: take the bundle's values into memory.
        Return one line per thing changed, for a person to read.
        """

    @hookspec
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> Iterable[str]:
        """Say what `apply_bundle` would change, without changing it; one line per thing."""

    @hookspec
    def recollect(self, connection: Connection, before: datetime) -> None:
        """A run over the past begins, without a database of its own. Called on a plugin that has just been started: take
        into memory what the database held before that moment (UTC), so that from now on the plugin can be asked with
        `connection` None. What happened since comes by `on_stored`."""

    @hookspec(firstresult=True)
    def directory(self, connection: Connection | None) -> Directory | None:
        """Who is where, under whom. Called when a worker starts and after `refresh` said so.

        Return the whole effective-dated directory; with `connection` None the one of the applied bundle.
        """

    @hookspec
    def refresh(self, connection: Connection) -> bool:
        """Called at the start of each batch. Look whether what the plugin holds in memory is out of date, reload it,
        and return True if it changed. One cheap query at most."""

    @hookspec
    def on_stored(
        self,
        events: Sequence[Event],
        connection: Connection | None,
        directory: Directory,
        silent: Callable[[Event], bool],
    ) -> None:
        """Events were stored and are being judged, in this transaction. Keep the plugin's own tables up to date,
        set-wise. `connection` is None in a replay; `directory` is as it was before these events; `silent` says of an event
        that it is history, of which nobody is to be told anything."""

    @hookspec
    def gather_facts(self, points: Sequence[Point], names: frozenset[str]) -> Sequence[Mapping[str, Any]] | None:
        """Give facts about subjects. Called once a batch, before judging.

        `points` are (person, moment, assignment) triples, with `about` and `thing` where a position, a unit or a case is
        judged; `names` the facts some rule needs, e.g. ``person.level``.
        Return one mapping a point in the same order, holding those of `names` that are known; None to stay silent.
        Never one query per point.
        """

    @hookspec
    def watches(self) -> Sequence[Watch]:
        """What the judges in this plugin want to be asked about, now. Called after each `refresh` that returned True."""

    @hookspec(firstresult=True)
    def watch(self, rule: str, version: int) -> Watch | None:
        """The watch of one version of one rule, published or not any more; None when it is not this plugin's."""

    @hookspec
    def judge(self, situations: Sequence[Situation]) -> Sequence[Finding]:
        """Judge situations. Called once a batch; only return findings, never act; return [] to stay silent."""

    @hookspec
    def pause_rule(self, rule: str, why: str, detail: Mapping[str, Any], connection: Connection) -> bool | None:
        """Take a rule out of force until a person has looked at it. Called inside the transaction that found that it
        would speak to far more people than in its preview; `why` is a message as text (tideng.base.problems). Return True if the rule is this plugin's."""

    @hookspec
    def is_due(self, connection: Connection, now: datetime) -> bool:
        """Has a deadline in the plugin's own tables run out? Called by the worker in each round, in whatever state the
        deployment is; one cheap query on an index."""

    @hookspec
    def come_due(self, connection: Connection, directory: Directory, now: datetime) -> int:
        """Do what has come due in the plugin's own tables, set-wise. Called by the worker in a transaction of its own after
        `is_due` said so. Several workers may call it at once: claim rows before acting on them. Return how many there were;
        it is called again until there are none."""

    @hookspec
    def between_batches(self) -> None:
        """Called by the worker after each round of work, outside any transaction and holding no lane. Write down what
        was noticed while judging; return quickly when there is nothing."""

    @hookspec
    def needs_attention(self, connection: Connection) -> Iterable[Attention]:
        """What of the plugin's own needs a person now. Called by `tideng doctor`, readyz and the front page, in whatever
        process; one cheap query at most. Return [] when all is well."""

    @hookspec
    def process_definitions(self) -> str | None:
        """The folder of process definitions that the plugin ships, one ``.yaml`` file each; see docs/processes.md. Called by
        the plugin *processes* when it starts."""

    @hookspec
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        """What should be added to a form before it is accepted: `tideng.plugins.forms.Asked` values, [] when all is well or the form
        is not of the plugin's concern. Called while somebody fills it in, and again inside the transaction that accepts it."""

    @hookspec
    def form_accepted(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        """A form is being accepted, in this transaction: keep the plugin's own rows of it. Return [] when that is done; what
        is returned with severity MUST (somebody else was a moment faster) undoes everything and is shown beside the field."""

    @hookspec(firstresult=True)
    def read_paper(self, paper: Paper) -> Reading | None:
        """What stands in a file that was handed in: `tideng.plugins.attachments.Reading`; None when it is not of a kind that the plugin
        reads. Called once, when the file is kept; it was looked at before, so that opening it is safe."""

    @hookspec
    def fill_form(
        self, form: Form, connection: Connection, directory: Directory, now: datetime
    ) -> Mapping[str, Filled]:
        """Values for fields of a form that is about to be shown empty: field → `tideng.plugins.forms.Filled`, each with the words that
        say where it is from; {} where there is nothing to fill in."""

    @hookspec
    def todos(self, people: frozenset[str], connection: Connection, now: datetime) -> Iterable[Todo]:
        """What waits for any of `people` in the plugin: `tideng.plugins.todos.Todo` values. Called for the page of one person and for
        a team alike; a fixed number of statements, however many people are asked about."""

    @hookspec
    def responsibilities(
        self, connection: Connection, directory: Directory, moment: datetime
    ) -> Iterable[Responsibility]:
        """Who answers for what at `moment` (UTC): `tideng.plugins.responsibilities.Responsibility` values, one for each step. Called
        for the organisation's pages; a fixed number of statements."""

    @hookspec
    def beside_case(
        self, process: str, case: str, connection: Connection, directory: Directory, now: datetime
    ) -> Iterable[Aside]:
        """What the plugin knows of a case beside its history, such as what a tax system said of its invoices: `tideng.plugins.case_notes.Aside`
        values; [] where it knows nothing. Called when somebody who may see the case opens it; a fixed number of statements."""

    @hookspec
    def beside_person(
        self, person: str, viewer: Viewer, connection: Connection, directory: Directory, now: datetime
    ) -> Iterable[Aside]:
        """What the plugin knows of a person that whoever leads or looks after them can use, such as whether their reports are in:
        `tideng.plugins.case_notes.Aside` values with a link to where there is more; [] where there is nothing to say. Called when `viewer`,
        who may see the person, opens their page; a fixed number of statements. Nobody is compared with anybody."""

    @hookspec(firstresult=True)
    def check_invoice(self, invoice: Invoice) -> Verdict | None:
        """Ask a tax system whether an invoice is genuine; None when the plugin is connected to none. Called outside any
        transaction, since it may take seconds; what cannot be asked now is `tideng.plugins.invoices.LATER`, never an error."""

    @hookspec(firstresult=True)
    def channel(self, name: str) -> Channel | None:
        """The channel of that name, ready to speak; None when it is not this plugin's."""

    @hookspec
    def read_source(self, name: str, head: bytes) -> Any | None:
        """Recognise an event file by its name (without folder and ``.gz``) and first 512 unpacked bytes; return a reader, or None.

        A reader is called as ``reader(binary_stream, options)`` and yields ``(place, payload or Problem)`` pairs.
        """

    @hookspec
    def held_on(self, person: str, connection: Connection) -> Iterable[Holding]:
        """Say what the plugin itself keeps about `person`, who may look at it and take it away. Called when they open "my
        data" or download it, and never for anybody else. Return `tideng.privacy.holdings.Holding` values whose names begin with
        the plugin's name and a dot; [] when there is nothing. Count at once, read records only when they are asked for."""

    @hookspec
    def screens(self) -> Iterable[object]:
        """Screens for the admin panel: `tideng_admin.screens.Screen` values. Called once when the web app is made. The folders
        ``templates``, ``static`` and ``translations`` beside the module of a screen's view are found by themselves."""
