"""The tables of processes: versions, trials, cases, tasks (who has which step), history and files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Boolean, Index, Integer, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tideng.plugin import NAMING_CONVENTION, Id, Moment
from tideng_processes.customer_keys import LONGEST_KEY


class ProcessBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: Moment}


class VersionRow(ProcessBase):
    """One version of a process; never changed. `origin`: shipped, files or people."""

    __tablename__ = "process_version"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    document: Mapped[dict] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(120), default="")
    note: Mapped[str] = mapped_column(String(1000), default="")
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("process", "version"),)


class TrialRow(ProcessBase):
    """A version on trial; when the trial is over, new cases use the version `before` again.

    `until`: when it ends by itself (UTC); `settled_at`: when it ended, None while it runs; `outcome`: kept, returned or
    overtaken (another version was published meanwhile); `by`: who started it; `settled_by`: who ended it, '' where it ended
    by itself."""

    __tablename__ = "process_trial"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    before: Mapped[int] = mapped_column(Integer)
    by: Mapped[str] = mapped_column(String(120))
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(120), default="")
    outcome: Mapped[str] = mapped_column(String(20), default="")
    __table_args__ = (
        UniqueConstraint("process", "version"),
        Index("ix_process_trial_settled_at", "settled_at", "until"),
    )


class CounterRow(ProcessBase):
    """The last number given to a case of a process."""

    __tablename__ = "process_counter"
    process: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class CaseRow(ProcessBase):
    """One run of a process.

    `node`: the current step, '' once the case has ended as `end`; `visits`: the number of steps entered. `key`: the name of the
    first hand-in, so that the same hand-in twice makes one case. `reference`: the name of the case in the system whose event
    began it, '' where a person began it. `customer_key`: of the customer that the case is about (`customer_keys.customer_key`),
    NULL for none."""

    __tablename__ = "process_case"
    serial: Mapped[int] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(String(60), unique=True)
    process: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    person: Mapped[str] = mapped_column(String(120))
    starter: Mapped[str] = mapped_column(String(120))
    node: Mapped[str] = mapped_column(String(40))
    end: Mapped[str] = mapped_column(String(40), default="")
    data: Mapped[dict] = mapped_column(JSON)
    visits: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(String(120))
    reference: Mapped[str] = mapped_column(String(200), default="", index=True)
    customer_key: Mapped[str | None] = mapped_column(String(LONGEST_KEY), index=True)
    __table_args__ = (
        UniqueConstraint("starter", "key"),
        Index("ix_process_case_person", "person", "process"),
        Index("ix_process_case_process", "process", "node"),
    )


class TaskRow(ProcessBase):
    """One owner's part of one visit of a case to a step. `state`: open, done, or gone (the case left the step without it).

    `meant_for`: the intended owner, where somebody stands in. `due`: the deadline (UTC). `wake`: when the worker looks at the
    task next, for a reminder or the deadline; NULL where there is nothing left to look for. `late`: the deadline passed before
    it was done. `told`: whether somebody is told when the deadline passes; nobody is about history."""

    __tablename__ = "process_task"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case: Mapped[str] = mapped_column(String(60))
    process: Mapped[str] = mapped_column(String(40))
    visit: Mapped[int] = mapped_column(Integer)
    node: Mapped[str] = mapped_column(String(40))
    part: Mapped[str] = mapped_column(String(40), default="")
    owner: Mapped[str] = mapped_column(String(120))
    meant_for: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(10), default="open")
    entered_at: Mapped[datetime]
    due: Mapped[datetime | None]
    wake: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(Boolean, default=False)
    told: Mapped[bool] = mapped_column(Boolean, default=True)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(40), default="")
    by: Mapped[str] = mapped_column(String(120), default="")
    __table_args__ = (
        UniqueConstraint("case", "visit", "part"),
        Index("ix_process_task_owner", "owner", "state"),
        Index("ix_process_task_wake", "wake"),
        Index("ix_process_task_node", "process", "node", "entered_at"),
    )


class StepRow(ProcessBase):
    """One entry of a case's history. `kind`: entered, done, reminded, overdue, in_time, differing, handed_over, comment, moved or
    ended. `by`: a login, '' for what happened by itself. `data`: the form's data or details of the kind. `key`: the name of the
    hand-in, so that the same one twice is stored once."""

    __tablename__ = "process_step"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    node: Mapped[str] = mapped_column(String(40), default="")
    part: Mapped[str] = mapped_column(String(40), default="")
    by: Mapped[str] = mapped_column(String(120), default="")
    outcome: Mapped[str] = mapped_column(String(40), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict] = mapped_column(JSON)
    kept_at: Mapped[datetime]
    key: Mapped[str | None] = mapped_column(String(120))
    __table_args__ = (UniqueConstraint("by", "key"),)


class PaperRow(ProcessBase):
    """A file of a form. `case`: NULL until the form is handed in; `reading`: the fields and notes read from the file."""

    __tablename__ = "process_paper"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case: Mapped[str | None] = mapped_column(String(60), index=True)
    process: Mapped[str] = mapped_column(String(40))
    field: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    author: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    reading: Mapped[dict] = mapped_column(JSON)
    kept_at: Mapped[datetime]
