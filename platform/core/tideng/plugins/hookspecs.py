"""The hooks that a plugin may implement. Each docstring is the contract: what the hook is for, when it is called, what to return.

A hook that raises is undone to its savepoint; its plugin is switched off and shown, and the platform goes on. Hooks run in the
worker and in the web process alike. A plugin keeps its state in the object that `start` was called on, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pluggy

from tideng.base.text import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.access.viewer import Viewer
    from tideng.base.errors import Problem
    from tideng.client.bundle import Bundle
    from tideng.facts.names import Point
    from tideng.model.event import Event
    from tideng.model.judge_contract import EngineState, Finding, Situation, Watch
    from tideng.org.directory import Directory
    from tideng.outbox.channels import Channel
    from tideng.plugins.attachments import Attachment, AttachmentReading
    from tideng.plugins.attention import Attention
    from tideng.plugins.cards import Card
    from tideng.plugins.forms import Asked, Filled, Form
    from tideng.plugins.invoices import Invoice, InvoiceVerdict
    from tideng.plugins.responsibilities import Responsibility
    from tideng.plugins.todos import Todo
    from tideng.privacy.holdings import Holding
    from tideng.runtime.deployment import Deployment

PROJECT = "tideng"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Every hook: loading and bundles first, then the way of an event (stored, facts, judged), then forms and pages."""

    @hookspec
    def declare(self) -> Iterable[object]:
        """Declare names for the catalogue: event types, facts, states, windows, metrics, actions, marks and channels.

        Called once when the plugin is loaded, before `start`. Return catalogue entries. An action has one of the four
        effects (inform, ask, record, support); one that reaches pay is refused.
        """

    @hookspec
    def start(self, deployment: Deployment) -> None:
        """Take the deployment, which is open and whose catalogue is complete.

        Called when a process opens the deployment, and when the plugin is switched on later. Keep `deployment`; do not use the
        database yet.
        """

    @hookspec
    def migrations(self) -> str | None:
        """Name the folder of the plugin's own Alembic versions.

        Called when tables are created or upgraded. Return an absolute path, or None for a plugin without tables. The versions
        get a version table of their own.
        """

    @hookspec
    def check_bundle(self, bundle: Bundle) -> Iterable[Problem]:
        """Check the plugin's part of a client bundle.

        Called by plan and apply before anything is written. Return every problem, with file and line in `at`; [] when there
        is none.
        """

    @hookspec
    def apply_bundle(self, bundle: Bundle, connection: Connection | None, take: str) -> Iterable[Text | str]:
        """Bring the deployment to what the bundle says.

        Called by apply inside its one transaction, after every check passed. In a replay, which has no database, `connection`
        is None: take the bundle's values into memory.

        `take` decides where people changed in the deployment what the bundle changes too: ``files`` or ``deployment``; with
        '' raise `InvalidBundle` and say how to choose. A plugin whose tables nobody edits ignores it.

        Return one line for each thing that changed, for a person to read.
        """

    @hookspec
    def plan_bundle(self, bundle: Bundle, connection: Connection) -> Iterable[Text | str]:
        """Say what `apply_bundle` would change, without changing anything.

        Called by plan. Return one line for each thing, for a person to read.
        """

    @hookspec
    def recollect(self, connection: Connection, before: datetime) -> None:
        """Prepare for a run over the past, which has no database of its own.

        Called on a plugin that has just been started. Load into memory what the database held before the moment `before`
        (UTC); from then on the plugin is called with `connection` None. Later events arrive by `on_stored`.
        """

    @hookspec(firstresult=True)
    def directory(self, connection: Connection | None) -> Directory | None:
        """Give the directory: who is where, under whom.

        Called when a process needs it first, and after `refresh` returned True. Return the whole effective-dated directory,
        or None when another plugin keeps it; with `connection` None the directory of the applied bundle.
        """

    @hookspec
    def refresh(self, connection: Connection) -> bool:
        """Reload what the plugin holds in memory, if it is out of date.

        Called at the start of each batch in the worker, and by the web process before it answers. Use one cheap query at most. Return True if something changed.
        """

    @hookspec
    def on_stored(
        self,
        events: Sequence[Event],
        connection: Connection | None,
        directory: Directory,
        silent: Callable[[Event], bool],
    ) -> None:
        """Update the plugin's own tables from events that were just stored.

        Called in the transaction in which the events are judged. Work set-wise. `connection` is None in a replay. `directory`
        is as it was before these events. ``silent(event)`` is True for history, about which nobody is to be told anything.
        """

    @hookspec
    def gather_facts(self, points: Sequence[Point], names: frozenset[str]) -> Sequence[Mapping[str, Any]] | None:
        """Give facts about subjects.

        Called once a batch, before judging. `points` are triples of person, moment and assignment, with `about` and `thing`
        where a position, a unit or a case is judged; `names` are the facts that some rule needs, such as ``person.level``.

        Return one mapping for each point, in the same order, with those of `names` that are known; None when the plugin gives
        none of them. Never run one query for each point.
        """

    @hookspec
    def watches(self) -> Sequence[Watch]:
        """Say what the judges in this plugin want to be asked about, now.

        Called when a worker starts, and after each `refresh` that returned True. Return a `Watch` for each rule in force.
        """

    @hookspec(firstresult=True)
    def watch(self, rule: str, version: int) -> Watch | None:
        """Give the watch of one version of a rule, whether that version is in force or not.

        Called when something of the past refers to it. Return None when the rule is not this plugin's.
        """

    @hookspec
    def judge(self, situations: Sequence[Situation]) -> Sequence[Finding]:
        """Judge situations.

        Called once a batch. Return findings and never act; [] when nothing is to be said.
        """

    @hookspec
    def pause_rule(self, rule: str, why: str, detail: Mapping[str, Any], connection: Connection) -> bool | None:
        """Take a rule out of force until a person has looked at it.

        Called inside the transaction which found that the rule would speak to far more people than in its preview; `why` (a
        phrase as text, see `tideng.base.problems`) and `detail` say so. Return True if the rule is this plugin's.
        """

    @hookspec
    def is_due(self, connection: Connection, now: datetime) -> bool:
        """Tell whether a deadline in the plugin's own tables has passed.

        Called by the worker in each round, whatever state the deployment is in. Use one cheap query on an index.
        """

    @hookspec
    def come_due(self, connection: Connection, directory: Directory, now: datetime) -> int:
        """Do what has come due in the plugin's own tables, set-wise.

        Called by the worker after `is_due` returned True, in a transaction of its own. Several workers may call it at once:
        claim rows before acting on them. Return how many there were; it is called again until it returns 0.
        """

    @hookspec
    def between_batches(self) -> None:
        """Do what needs no transaction: write down what was noticed while judging, ask slow systems.

        Called by the worker after each round of work, outside any transaction. Return quickly when there is nothing to do.
        """

    @hookspec
    def needs_attention(self, connection: Connection) -> Iterable[Attention]:
        """Say what in the plugin needs a person now.

        Called by `tideng doctor`, readyz and the front page, in any process. Use one cheap query at most. Return `Attention`
        values; [] when all is well.
        """

    @hookspec(firstresult=True)
    def engine_state(self, connection: Connection) -> EngineState | None:
        """Which engine judges, and whether it is the one that was asked for. Called by `tideng doctor`, readyz and the day
        board, in whatever process: the state of this process's engine where it has started one and it is not as asked,
        else what the workers have reported. One cheap query at most."""

    @hookspec
    def process_definitions(self) -> str | None:
        """Name the folder of process definitions that the plugin ships, one ``.yaml`` file each; see docs/processes.md.

        Called by the plugin *processes* when it starts. Return an absolute path, or None.
        """

    @hookspec
    def check_form(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        """Say what should be added to a form before it is accepted.

        Called while somebody fills the form in, and again inside the transaction that accepts it. Return `Asked` values;
        [] when the form is complete or does not concern the plugin.
        """

    @hookspec
    def form_accepted(self, form: Form, connection: Connection, directory: Directory, now: datetime) -> Iterable[Asked]:
        """Keep the plugin's own rows of a form that is being accepted.

        Called in the transaction that accepts it. Return []. An `Asked` with severity MUST (somebody else was a moment faster)
        undoes the transaction and is shown beside its field.
        """

    @hookspec(firstresult=True)
    def read_paper(self, paper: Attachment) -> AttachmentReading | None:
        """Read an uploaded file.

        Called once, when the file is kept; it was checked before, so that opening it is safe. Return an `AttachmentReading`;
        None when the plugin does not read this kind of file.
        """

    @hookspec
    def fill_form(
        self, form: Form, connection: Connection, directory: Directory, now: datetime
    ) -> Mapping[str, Filled]:
        """Fill in fields of a form beforehand.

        Called when the form is about to be shown empty. Return field → `Filled`, each with the words that say where the value
        comes from; {} where there is nothing to fill in.
        """

    @hookspec
    def todos(self, people: frozenset[str], connection: Connection, now: datetime) -> Iterable[Todo]:
        """Say what waits in the plugin for any of `people`.

        Called for the page of one person and for a team. Return `Todo` values. The number of statements must not depend on how
        many people are asked about.
        """

    @hookspec
    def responsibilities(
        self, connection: Connection, directory: Directory, moment: datetime
    ) -> Iterable[Responsibility]:
        """Say who is responsible for what at `moment` (UTC).

        Called for the pages of the organisation. Return one `Responsibility` for each step, with a fixed number of statements.
        """

    @hookspec
    def beside_case(
        self, process: str, case: str, connection: Connection, directory: Directory, now: datetime
    ) -> Iterable[Card]:
        """Add cards to the page of a case, such as what a tax system said about its invoices.

        Called when somebody who may see the case opens it. Return `Card` values, with a fixed number of statements; [] where the
        plugin knows nothing.
        """

    @hookspec
    def beside_person(
        self, person: str, viewer: Viewer, connection: Connection, directory: Directory, now: datetime
    ) -> Iterable[Card]:
        """Add cards to the page of a person, such as whether their reports are complete, for the people who lead or support them.

        Called when `viewer`, who may see the person, opens the page. Return `Card` values, with a fixed number of statements;
        [] where there is nothing to say. Never compare people with each other.
        """

    @hookspec(firstresult=True)
    def check_invoice(self, invoice: Invoice) -> InvoiceVerdict | None:
        """Ask a tax system whether an invoice is genuine.

        Called outside any transaction, since it may take seconds. Return an `InvoiceVerdict`; INVOICE_LATER when the system
        cannot be asked now (never raise for that); None when the plugin is connected to no tax system.
        """

    @hookspec(firstresult=True)
    def channel(self, name: str) -> Channel | None:
        """Give the channel of that name, ready to send.

        Called when messages are delivered. Return None when the channel is not this plugin's.
        """

    @hookspec
    def read_source(self, name: str, head: bytes) -> Any | None:
        """Recognise an event file by its name (without folder and ``.gz``) and its first 512 unpacked bytes.

        Called for each file that is read. Return a reader, or None. A reader is called as ``reader(binary_stream, options)``
        and yields pairs of a place and a payload, or of a place and a `Problem`.
        """

    @hookspec
    def held_on(self, person: str, connection: Connection) -> Iterable[Holding]:
        """Say what the plugin keeps about `person`, who may look at it and take it away.

        Called when that person opens or downloads "my data", and never for anybody else. Return `Holding` values whose names
        begin with the plugin's name and a dot; [] when there is nothing. Count at once; read records only when they are asked
        for.
        """

    @hookspec
    def screens(self) -> Iterable[object]:
        """Add screens to the admin panel.

        Called once when the web app is made. Return `tideng_admin.screens.Screen` values. The folders ``templates``, ``static``
        and ``translations`` beside the module of a screen's view are found by themselves.
        """
