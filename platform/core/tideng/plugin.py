"""Everything of Tideng that a plugin may use, through one door.

A plugin imports the platform from here and from nowhere else (and ``tideng_admin.screens``, where it has pages). What is behind
the door moves and is renamed as the platform grows; a name that is here stays for a whole minor version after it was deprecated.
Each name is loaded when it is first used, so that a plugin pays for nothing else.

The names by purpose; ``docs/plugin-names.md`` lists all of them with what they are.

Being a plugin
    `hookimpl` marks a method as a hook; `Deployment` is what the hook `start` hands over: settings, clock, catalogue,
    calendar, engine. Read the time from its `clock`, never from the system.
Declaring names
    What the hook `declare` returns, and the `Catalogue` of everything that is declared.
Texts
    `phrase` is a text in English, with slots, that the catalogues translate: the plugin's folder
    ``translations/<locale>/LC_MESSAGES/messages.po``. A `Text` maps locales to wordings; `wording` chooses one.
Events
    `Event` is what the hook `on_stored` gets. A reader of files (hook `read_source`) takes `ReadOptions` and yields
    payloads or `Unreadable`.
Organisation
    Who is where, under whom, at which moment: an effective-dated `Directory` of assignments, positions and units.
Time and money
    Working days, local moments, durations such as ``2 workdays``, and amounts in the client's currency.
Facts and judging
    `Point` is what the hook `gather_facts` is asked about; a plugin that judges returns a `Watch` for what it wants to
    be asked, and a `Finding` for each `Situation`.
Forms and attachments
    What a plugin asks of a form (`Asked`) or fills in (`Filled`), and the files that come with it. `inspect_attachment`
    checks a file; the hook `read_paper` returns an `AttachmentReading`.
What pages show
    What waits for people (`Todo`), who answers for a step (`Responsibility`), cards beside a case or a person (`Card`),
    what an operator should look at (`Attention`).
Access and privacy
    Who looks (`Viewer`), and whom they may see; lists in pages (`Page`); what is held on a person (`Holding`, hook
    `held_on`), with the titles of columns that many kinds share.
Channels
    A `Channel` carries an `OutgoingMessage` to a person, or raises `ChannelError`.
Problems
    What is wrong with an input: a `Problem` is a code with parameters at a place, and `Refused` carries all of them at
    once. The words of your codes stand in files beside your code, ``problems/en.yaml`` and ``problems/zh.yaml``.
Client bundles
    The files of a client, read with every problem at once.
Database
    Tables of a plugin's own: columns for ids and UTC moments, the naming convention that migrations need, transactions.
    `make_migration` writes the next version file.
Files from outside
    Code that opens an untrusted file runs in a process of its own, after a look at the ZIP's directory.
Command line
    Commands whose help is a text, for an entry point in the group ``tideng.commands``.
Trying a plugin
    For a plugin's tests: a deployment in a folder, with a clock that the test moves.

``docs/writing-a-plugin.md`` builds a whole plugin with these.
"""
# ruff: noqa: I001 - what is imported is re-exported, in the order of the purposes

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tideng.plugins.door import Leaving, homes_of, open_door

# fmt: off
__all__ = [
    "COLUMN_BEGAN", "COLUMN_CONTENT", "COLUMN_ENDED", "COLUMN_NAME", "COLUMN_OUTCOME", "COLUMN_POSITION",
    "COLUMN_SUPERVISOR", "COLUMN_TIME", "COLUMN_UNIT", "DEFAULT_LANGUAGE", "DIRECTORY_EVENTS", "EXIT_FINE",
    "EXIT_REFUSED", "INVOICE_GENUINE", "INVOICE_LATER", "INVOICE_UNKNOWN", "INVOICE_WRONG", "LAMP_LIT",
    "LARGEST_ATTACHMENT", "LINE_ATTENTION", "LINE_FINE", "LINE_OPEN", "LOGS", "MAX_KEPT", "MAX_KEY", "MAX_TEXT",
    "MAX_WHOLE", "MEGABYTE", "MOST_PROBLEMS", "MUST", "NAMING_CONVENTION", "OFD", "PAGE_SIZE", "PDF",
    "PERSON_COLUMNS", "PICTURE", "POSITION_COLUMNS", "SHIFTED_YEARS", "SHOULD", "SOURCE_LANGUAGE", "UNIT_COLUMNS",
    "ZIP_CUT_OFF", "ZIP_DAMAGED", "ZIP_ERRORS", "ZIP_LEADS_OUT", "ZIP_LOCKED", "ZIP_TOO_LARGE", "ActionSpec", "Asked",
    "Assignment", "Attachment", "AttachmentReading", "Attention", "Bundle", "Card", "CardLine", "Catalogue",
    "Channel", "ChannelError", "ChannelSpec", "Clock", "Deed", "Deployment", "Directory", "Document", "Duration",
    "Each", "EngineState", "Event", "EventType", "Fact", "Field", "FileTerms", "Filled", "Finding", "Form", "Group",
    "HeldRecord", "HeldRows", "Holding", "Id", "InvalidBundle", "InvalidPayload", "InvalidSettings", "Invoice",
    "InvoiceVerdict", "Limit", "ManualClock", "Mark", "MetricSpec", "Moment", "Money", "Needs", "NotAllowed",
    "NotFound", "OnAbsence", "OnEvent", "OnNotAll", "OnSchedule", "OnWait", "OutgoingMessage", "Page",
    "PluginRefused", "Point", "Position", "Problem", "ProblemText", "Problems", "ReadOptions", "Reason", "Refused",
    "Responsibility", "Row", "SandboxFailed", "SandboxLimits", "Sentence", "Settings", "SeveralValues", "Situation",
    "Source", "StandIns", "State", "StateSpan", "StateWindow", "Step", "StoredEvent", "SystemClock", "Targets",
    "Terminal", "Text", "TidengError", "Todo", "Unit", "Unreadable", "Viewer", "Watch", "WatchList", "Where",
    "WorkCalendar", "Worker", "WorkingSet", "ZipContents", "ZipLimits", "absent_people", "accept_form", "among",
    "apply_bundle", "below", "beside_case", "call_sandboxed", "check_form", "choose_text", "colon", "comma",
    "command", "configure_logs", "create_settings", "csv_records", "dialect_insert", "directory_of", "duties_as_text",
    "events_of", "facts_at", "fill_form", "goals", "holding_of_rows", "hookimpl", "in_force", "inspect_attachment",
    "inspect_zip", "is_sqlite", "joined", "json_option", "known_event_ids", "lamps_of", "languages",
    "last_event_time", "last_span_between", "local_moment", "log_zone", "make_migration", "metric_of", "migrate",
    "name_of", "nearest_name", "open_events", "option", "organisation_of", "pause", "people_in_state", "phrase",
    "plain_text", "problem_in_json", "progress_bar", "read_bundle", "read_day", "read_duties", "read_json",
    "read_number", "read_whole", "read_yaml", "read_yaml_text", "reading", "receive", "responsibilities",
    "restored_problem", "same", "say_problem", "say_sentence", "semicolon", "space", "spans_reaching", "spoken",
    "store_events", "stored_problem", "timezone_option", "why_not_csv", "why_not_json", "why_not_parsed", "wording",
    "writing", "zone",
]
# fmt: on

if TYPE_CHECKING:
    # the same names for type checkers and editors; `make docs` draws them and __all__ from SHELVES
    # fmt: off
    # Being a plugin
    from tideng.plugins.hookspecs import hookimpl
    from tideng.runtime.deployment import Deployment
    from tideng.base.clock import Clock, SystemClock
    # Declaring names
    from tideng.model.catalogue import (
        EventType, Field, Fact, State, StateWindow, MetricSpec, ActionSpec, Mark, ChannelSpec, Catalogue, Text,
    )
    from tideng.model.limits import MAX_KEPT, MAX_KEY, MAX_TEXT, MAX_WHOLE, SHIFTED_YEARS
    from tideng.base.numerals import read_number, read_whole
    from tideng.model.templates import choose as choose_text, spoken
    # Texts
    from tideng.base.text import (
        phrase, wording, same, joined, plain as plain_text, Each, comma, colon, semicolon, pause, space, languages,
        DEFAULT as DEFAULT_LANGUAGE, SOURCE as SOURCE_LANGUAGE,
    )
    # Events
    from tideng.intake.json_text import read_json
    from tideng.model.event import Event
    from tideng.intake.event_files import ReadOptions, Unreadable, Source, FileTerms, open_events, LOGS
    from tideng.store.events import store_events
    # Organisation
    from tideng.org.directory import Directory, Assignment, Position, Unit, Targets, DIRECTORY_EVENTS, in_force, zone
    from tideng.recipients.substitutes import StandIns, away as absent_people
    # Time and money
    from tideng.model.calendars import WorkCalendar, local_moment
    from tideng.base.durations import Duration
    from tideng.model.money import Money
    # Facts and judging
    from tideng.facts.names import Point, Needs
    from tideng.facts.gather import facts_at
    from tideng.model.metrics import metric_of
    from tideng.model.judge_contract import (
        Watch, OnEvent, OnSchedule, OnAbsence, OnWait, OnNotAll, Where, Limit, Step, Situation, Finding, Deed, Reason,
        EngineState,
    )
    from tideng.judging.watch_index import WatchList
    from tideng.judging.world_loader import WorkingSet
    # Forms and attachments
    from tideng.plugins.forms import Form, Asked, Filled, MUST, SHOULD, check_form, fill_form, accept_form
    from tideng.plugins.attachments import (
        Attachment, AttachmentReading, PDF, OFD, PICTURE, LARGEST_ATTACHMENT, MEGABYTE, inspect_attachment,
    )
    from tideng.plugins.invoices import (
        Invoice, InvoiceVerdict, INVOICE_GENUINE, INVOICE_UNKNOWN, INVOICE_WRONG, INVOICE_LATER,
    )
    # What pages show
    from tideng.plugins.todos import Todo
    from tideng.plugins.responsibilities import Responsibility, responsibilities
    from tideng.plugins.cards import Card, CardLine, LINE_FINE, LINE_OPEN, LINE_ATTENTION, beside_case
    from tideng.plugins.attention import Attention
    from tideng.views.own_day import goals
    from tideng.views.day_board import LIT as LAMP_LIT, lamps_of
    # Access and privacy
    from tideng.access.viewer import Viewer, below, name_of
    from tideng.access.paging import Page, PAGE_SIZE
    from tideng.privacy.holdings import (
        Holding, Record as HeldRecord, HeldRows, of_rows as holding_of_rows, TIME as COLUMN_TIME, NAME as COLUMN_NAME,
        UNIT as COLUMN_UNIT, POSITION as COLUMN_POSITION, SUPERVISOR as COLUMN_SUPERVISOR, BEGAN as COLUMN_BEGAN, ENDED
        as COLUMN_ENDED, CONTENT as COLUMN_CONTENT, OUTCOME as COLUMN_OUTCOME,
    )
    # Channels
    from tideng.outbox.channels import Channel, ChannelError, OutgoingMessage
    # Problems
    from tideng.base.errors import (
        TidengError, Problem, Refused, InvalidBundle, InvalidPayload, InvalidSettings, NotFound, NotAllowed,
        PluginRefused,
    )
    from tideng.base.problems import (
        Sentence, ProblemText, say as say_problem, say_sentence, stored as stored_problem, restored as restored_problem,
        in_json as problem_in_json,
    )
    from tideng.base.suggestions import nearest as nearest_name
    from tideng.base.parse_errors import of_csv as why_not_csv, of_json as why_not_json, of_text as why_not_parsed
    # Client bundles
    from tideng.client.bundle import Bundle, read_bundle
    from tideng.client.files import (
        Problems, MOST_PROBLEMS, Row, Document, csv_records, read_day, read_yaml, read_yaml_text,
    )
    from tideng.client.org_tables import (
        UNIT_COLUMNS, POSITION_COLUMNS, PERSON_COLUMNS, organisation_of, read_duties, duties_as_text,
    )
    # Database
    from tideng.store.database import reading, writing, insert as dialect_insert, among, is_sqlite
    from tideng.store.columns import Id, Moment, NAMES as NAMING_CONVENTION
    from tideng.store.event_reading import StoredEvent, events_of, last_event_time, known_ids as known_event_ids
    from tideng.store.state_spans import StateSpan, spans_reaching, last_span_between, people_in as people_in_state
    from tideng.migrations.make import make as make_migration
    # Files from outside
    from tideng.base.sandbox import SandboxLimits, SandboxFailed, call_sandboxed
    from tideng.base.zip_limits import (
        ZipLimits, ZipContents, inspect_zip, ZIP_ERRORS, ZIP_CUT_OFF, ZIP_DAMAGED, ZIP_TOO_LARGE, ZIP_LOCKED,
        ZIP_LEADS_OUT,
    )
    # Command line
    from tideng.cli.words import command, option, json_option, Group
    from tideng.cli.terminal import Terminal, FINE as EXIT_FINE, REFUSED as EXIT_REFUSED
    from tideng.cli.replay import SeveralValues
    from tideng.cli.look import directory_of
    from tideng.cli.ingest import log_zone, progress_bar, timezone_option
    from tideng.base.logs import configure as configure_logs
    # Trying a plugin
    from tideng.base.clock import ManualClock
    from tideng.base.settings import Settings, create as create_settings
    from tideng.runtime.migrate import migrate
    from tideng.runtime.apply import apply as apply_bundle
    from tideng.store.events import receive
    from tideng.runtime.worker import Worker
    # fmt: on

SHELVES: Mapping[str, Mapping[str, str]] = {
    "Being a plugin": {
        "tideng.plugins.hookspecs": "hookimpl",
        "tideng.runtime.deployment": "Deployment",
        "tideng.base.clock": "Clock SystemClock",
    },
    "Declaring names": {
        "tideng.model.catalogue": (
            "EventType Field Fact State StateWindow MetricSpec ActionSpec Mark ChannelSpec Catalogue Text"
        ),
        "tideng.model.limits": "MAX_KEPT MAX_KEY MAX_TEXT MAX_WHOLE SHIFTED_YEARS",
        "tideng.base.numerals": "read_number read_whole",
        "tideng.model.templates": "choose=choose_text spoken",
    },
    "Texts": {
        "tideng.base.text": (
            "phrase wording same joined plain=plain_text Each comma colon semicolon pause space languages "
            "DEFAULT=DEFAULT_LANGUAGE SOURCE=SOURCE_LANGUAGE"
        ),
    },
    "Events": {
        "tideng.intake.json_text": "read_json",
        "tideng.model.event": "Event",
        "tideng.intake.event_files": "ReadOptions Unreadable Source FileTerms open_events LOGS",
        "tideng.store.events": "store_events",
    },
    "Organisation": {
        "tideng.org.directory": "Directory Assignment Position Unit Targets DIRECTORY_EVENTS in_force zone",
        "tideng.recipients.substitutes": "StandIns away=absent_people",
    },
    "Time and money": {
        "tideng.model.calendars": "WorkCalendar local_moment",
        "tideng.base.durations": "Duration",
        "tideng.model.money": "Money",
    },
    "Facts and judging": {
        "tideng.facts.names": "Point Needs",
        "tideng.facts.gather": "facts_at",
        "tideng.model.metrics": "metric_of",
        "tideng.model.judge_contract": (
            "Watch OnEvent OnSchedule OnAbsence OnWait OnNotAll Where Limit Step Situation Finding Deed Reason "
            "EngineState"
        ),
        "tideng.judging.watch_index": "WatchList",
        "tideng.judging.world_loader": "WorkingSet",
    },
    "Forms and attachments": {
        "tideng.plugins.forms": "Form Asked Filled MUST SHOULD check_form fill_form accept_form",
        "tideng.plugins.attachments": (
            "Attachment AttachmentReading PDF OFD PICTURE LARGEST_ATTACHMENT MEGABYTE inspect_attachment"
        ),
        "tideng.plugins.invoices": (
            "Invoice InvoiceVerdict INVOICE_GENUINE INVOICE_UNKNOWN INVOICE_WRONG INVOICE_LATER"
        ),
    },
    "What pages show": {
        "tideng.plugins.todos": "Todo",
        "tideng.plugins.responsibilities": "Responsibility responsibilities",
        "tideng.plugins.cards": "Card CardLine LINE_FINE LINE_OPEN LINE_ATTENTION beside_case",
        "tideng.plugins.attention": "Attention",
        "tideng.views.own_day": "goals",
        "tideng.views.day_board": "LIT=LAMP_LIT lamps_of",
    },
    "Access and privacy": {
        "tideng.access.viewer": "Viewer below name_of",
        "tideng.access.paging": "Page PAGE_SIZE",
        "tideng.privacy.holdings": (
            "Holding Record=HeldRecord HeldRows of_rows=holding_of_rows TIME=COLUMN_TIME NAME=COLUMN_NAME "
            "UNIT=COLUMN_UNIT POSITION=COLUMN_POSITION SUPERVISOR=COLUMN_SUPERVISOR "
            "BEGAN=COLUMN_BEGAN ENDED=COLUMN_ENDED CONTENT=COLUMN_CONTENT OUTCOME=COLUMN_OUTCOME"
        ),
    },
    "Channels": {
        "tideng.outbox.channels": "Channel ChannelError OutgoingMessage",
    },
    "Problems": {
        "tideng.base.errors": (
            "TidengError Problem Refused InvalidBundle InvalidPayload InvalidSettings NotFound NotAllowed PluginRefused"
        ),
        "tideng.base.problems": (
            "Sentence ProblemText say=say_problem say_sentence stored=stored_problem restored=restored_problem "
            "in_json=problem_in_json"
        ),
        "tideng.base.suggestions": "nearest=nearest_name",
        "tideng.base.parse_errors": "of_csv=why_not_csv of_json=why_not_json of_text=why_not_parsed",
    },
    "Client bundles": {
        "tideng.client.bundle": "Bundle read_bundle",
        "tideng.client.files": "Problems MOST_PROBLEMS Row Document csv_records read_day read_yaml read_yaml_text",
        "tideng.client.org_tables": (
            "UNIT_COLUMNS POSITION_COLUMNS PERSON_COLUMNS organisation_of read_duties duties_as_text"
        ),
    },
    "Database": {
        "tideng.store.database": "reading writing insert=dialect_insert among is_sqlite",
        "tideng.store.columns": "Id Moment NAMES=NAMING_CONVENTION",
        "tideng.store.event_reading": "StoredEvent events_of last_event_time known_ids=known_event_ids",
        "tideng.store.state_spans": "StateSpan spans_reaching last_span_between people_in=people_in_state",
        "tideng.migrations.make": "make=make_migration",
    },
    "Files from outside": {
        "tideng.base.sandbox": "SandboxLimits SandboxFailed call_sandboxed",
        "tideng.base.zip_limits": (
            "ZipLimits ZipContents inspect_zip ZIP_ERRORS ZIP_CUT_OFF ZIP_DAMAGED ZIP_TOO_LARGE "
            "ZIP_LOCKED ZIP_LEADS_OUT"
        ),
    },
    "Command line": {
        "tideng.cli.words": "command option json_option Group",
        "tideng.cli.terminal": "Terminal FINE=EXIT_FINE REFUSED=EXIT_REFUSED",
        "tideng.cli.replay": "SeveralValues",
        "tideng.cli.look": "directory_of",
        "tideng.cli.ingest": "log_zone progress_bar timezone_option",
        "tideng.base.logs": "configure=configure_logs",
    },
    "Trying a plugin": {
        "tideng.base.clock": "ManualClock",
        "tideng.base.settings": "Settings create=create_settings",
        "tideng.runtime.migrate": "migrate",
        "tideng.runtime.apply": "apply=apply_bundle",
        "tideng.store.events": "receive",
        "tideng.runtime.worker": "Worker",
    },
}
"""Purpose → module → the names that it gives; ``attribute=Name`` where the door calls it more precisely."""

LEAVING: Mapping[str, Leaving] = {}
"""Names that warn, and are gone in the next minor version. To take a name out, move it here from SHELVES."""

_HOMES = homes_of(SHELVES)

if not TYPE_CHECKING:  # a type checker reads the imports above, and refuses what is not there
    __getattr__ = open_door(__name__, _HOMES, LEAVING)


def __dir__() -> list[str]:
    return [*__all__, *LEAVING]
