"""The core's tables. Moments are UTC; days are local days of the subject. Rows never leave repository modules."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.model.statuses import ON_THE_WAY, EventStatus, MessageStatus
from tideng.store.columns import NAMES, Id, Moment


class Base(DeclarativeBase):
    from sqlalchemy import MetaData as _MetaData

    metadata = _MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Moment, date: Date, dict[str, Any]: JSON, list[Any]: JSON}


class LaneRow(Base):
    """A lane of subjects. Whoever works on a subject holds its lane: order per person, none across people."""

    __tablename__ = "lane"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


class EventRow(Base):
    """A stored event. status: an `EventStatus`; of a failed one, `error` says why."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    event_id: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(120))
    time: Mapped[datetime]
    subject: Mapped[str] = mapped_column(String(120))
    data: Mapped[dict[str, Any]]
    depth: Mapped[int] = mapped_column(SmallInteger, default=0)
    lane: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[int] = mapped_column(SmallInteger, default=EventStatus.WAITING)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime]
    history: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_event_subject_time", "subject", "type", "time"),
        Index("ix_event_type_time", "type", "time"),
    )


Index(
    "ix_event_waiting",
    EventRow.lane,
    EventRow.id,
    sqlite_where=EventRow.status == EventStatus.WAITING,
    postgresql_where=EventRow.status == EventStatus.WAITING,
)


class EventKeyRow(Base):
    """The identifying values of an event (case, trip, need …), so that absences can be matched set-wise."""

    __tablename__ = "event_key"
    event: Mapped[int] = mapped_column(Id, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(120))
    time: Mapped[datetime]
    __table_args__ = (Index("ix_event_key_match", "field", "value", "type", "time"),)


class DeadLetterRow(Base):
    """A payload that could not become an event, as it came, with every problem found. state: waiting, retried, discarded."""

    __tablename__ = "dead_letter"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    received_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(String(300))
    payload: Mapped[str] = mapped_column(Text)
    truncated: Mapped[bool] = mapped_column(Boolean, default=False)
    problems: Mapped[list[Any]]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting")


class MetricDayRow(Base):
    """One local day of one series for one subject."""

    __tablename__ = "metric_day"
    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    series: Mapped[str] = mapped_column(String(200), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(Integer)
    total: Mapped[float] = mapped_column(Float, default=0.0)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    last: Mapped[Any | None] = mapped_column(JSON)
    last_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_metric_day_series", "series", "day"),)


class MetricValueRow(Base):
    """One distinct value of a series on one local day, for `distinct`."""

    __tablename__ = "metric_value"
    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    series: Mapped[str] = mapped_column(String(200), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(String(200), primary_key=True)


class SeriesRow(Base):
    """A series that is being kept up, so that a new one is filled from stored events exactly once."""

    __tablename__ = "metric_series"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    since: Mapped[datetime]


class RateRow(Base):
    """What one unit of a currency is worth in the client's, from `day` until the next rate. `rate` is a decimal number as
    a text, so that nothing is lost."""

    __tablename__ = "exchange_rate"
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[str] = mapped_column(String(40))


class UnpricedRow(Base):
    """Amounts that were judged without a rate, and so were "no data": how many, by currency and local day."""

    __tablename__ = "unpriced"
    currency: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    amounts: Mapped[int] = mapped_column(Integer)


class StateRow(Base):
    """A span during which a state (``person.on_leave``) held, a row for each start. `ended_at` None: it still holds.
    `started_at` None: only the end has been heard so far. Starts that were repeated with one key have the same end."""

    __tablename__ = "state_span"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("subject", "state", "key", "started_at"),)


class AgendaRow(Base):
    """Something to look at later. kind: absence, wait, not_all (deadlines) or step (of a ladder). state: open, done,
    cancelled, missed; of a wait or a set also complete (all came) and joined (part of an earlier one).

    `period` names the occurrence, with the rule and subject; `match` is the value a deadline waits for;
    `facts` are the facts that the trigger had (event fields), for later steps."""

    __tablename__ = "agenda"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    rule: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(String(120))
    lane: Mapped[int] = mapped_column(SmallInteger)
    period: Mapped[str] = mapped_column(String(240))
    step: Mapped[int] = mapped_column(SmallInteger, default=0)
    due: Mapped[datetime]
    began: Mapped[datetime]
    match: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="open")
    settled_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(200))
    __table_args__ = (
        UniqueConstraint("rule", "subject", "period", "kind", "step"),
        Index("ix_agenda_subject", "subject", "state"),
        Index("ix_agenda_match", "rule", "match", "state"),
    )


Index(
    "ix_agenda_due", AgendaRow.due, sqlite_where=AgendaRow.state == "open", postgresql_where=AgendaRow.state == "open"
)


class ScheduleRunRow(Base):
    """One rule was asked about one local date in one zone. outcome: judged, missed. Unique, so it happens once."""

    __tablename__ = "schedule_run"
    rule: Mapped[str] = mapped_column(String(120), primary_key=True)
    zone: Mapped[str] = mapped_column(String(60), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    due: Mapped[datetime]
    ran_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(String(200))


class FindingRow(Base):
    """One thing a rule found: one row per action. state: live, withdrawn. Unique on (rule, subject, period, step, ordinal)."""

    __tablename__ = "finding"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rule: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(120))
    period: Mapped[str] = mapped_column(String(240))
    step: Mapped[int] = mapped_column(SmallInteger)
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    effect: Mapped[str] = mapped_column(String(10))
    action: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str | None] = mapped_column(String(120))
    meant_for: Mapped[str | None] = mapped_column(String(120))
    message: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(String(12))
    detail: Mapped[dict[str, Any]]
    why: Mapped[list[Any]]
    event: Mapped[int | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10), default="live")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None] = mapped_column(String(200))
    response: Mapped[str | None] = mapped_column(String(16))
    response_note: Mapped[str | None] = mapped_column(Text)
    responded_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("rule", "subject", "period", "step", "ordinal"),
        Index("ix_finding_subject_at", "subject", "at"),
        Index("ix_finding_recipient_at", "recipient", "at"),
        Index("ix_finding_at", "at"),
    )


class OutboxRow(Base):
    """A message to one person on one channel; only `tideng.outbox.rows` writes it.

    status: a `MessageStatus`: waiting, leased (a worker is sending it), sent, parked (for a person to see), held (until HR
    has decided on a storm or on a contested nudge, or until the moment `due` its reader put it off to), dropped (not
    needed any more).

    `key` is the same at every try, so that a channel that knows duplicates can refuse them. `held_because` is the last
    `HeldReason` for which it waited. `alone`: it is no point of a digest and does not count
    against the budget. `released_at`: when it first went out. `bundle`: the row whose key and try it shares, where
    several went out as one message."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(500), unique=True)
    finding: Mapped[int] = mapped_column(Id, ForeignKey("finding.id"), index=True)
    channel: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(10), default=MessageStatus.WAITING)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    due: Mapped[datetime]
    held_because: Mapped[str | None] = mapped_column(String(40))
    dropped_because: Mapped[str | None] = mapped_column(String(200))
    alone: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    bundle: Mapped[int | None] = mapped_column(Id)
    released_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_outbox_recipient", "recipient", "channel", "released_at"),)


Index(
    "ix_outbox_due",
    OutboxRow.due,
    sqlite_where=OutboxRow.status.in_(ON_THE_WAY),
    postgresql_where=OutboxRow.status.in_(ON_THE_WAY),
)

Index(
    "ix_outbox_held",
    OutboxRow.held_because,
    OutboxRow.due,
    sqlite_where=OutboxRow.status == MessageStatus.HELD,
    postgresql_where=OutboxRow.status == MessageStatus.HELD,
)


class ContestRow(Base):
    """Somebody says that a nudge is not right. While it is open, or the rule is off for them, `rule` says nothing to `person`.

    state: open, right (HR: it was), off (the rule is silent for them until `off_until`), retracted (HR took it back),
    undone (the person took it back). `seen_at`: when the person put the outcome away; nobody else reads that."""

    __tablename__ = "contest"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    finding: Mapped[int] = mapped_column(Id, ForeignKey("finding.id"), index=True)
    rule: Mapped[str] = mapped_column(String(120))
    person: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    off_until: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_contest_person", "person", "rule", "state"), Index("ix_contest_state", "state", "at"))


class PersonNoteRow(Base):
    """A note that somebody left for `person`. `author` is a login. `media_type`, `seconds` and `size` (bytes) are the
    recording's, where there is one; `key` is the page's own, so that what is sent twice is left once.

    `seen_at`: when the person said that they have read or heard it. A note that was taken back has lost what was in it."""

    __tablename__ = "person_note"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    author: Mapped[str] = mapped_column(String(120))
    person: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str | None] = mapped_column(String(40))
    seconds: Mapped[float | None] = mapped_column(Float)
    size: Mapped[int | None] = mapped_column(Integer)
    nudge: Mapped[int | None] = mapped_column(Id, ForeignKey("finding.id"))
    key: Mapped[str | None] = mapped_column(String(60))
    left_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("author", "key"),
        Index("ix_person_note_person", "person", "id"),
        Index("ix_person_note_author", "author", "left_at"),
    )


class PersonNoteVoiceRow(Base):
    """The recording of a note, apart from it, so that a list of notes reads none."""

    __tablename__ = "person_note_voice"
    note: Mapped[int] = mapped_column(Id, ForeignKey("person_note.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class PluginRow(Base):
    """What became of a plugin in this deployment. state: on, failed, off."""

    __tablename__ = "plugin"
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    error: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime]


class NoteRow(Base):
    """Small facts about the deployment itself: the client profile, revisions, heartbeats, declared event types."""

    __tablename__ = "note"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
