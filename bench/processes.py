"""Processes: forms handed in beside bare inserts, owners in a large company, deadlines of many cases, lists of very many, a log
walked through.

``python -m bench --only processes``. What is inserted barely is what the engine wrote: the same rows of the same tables, one
transaction a form, without asking anything.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select, text

from bench.evening import write_company
from bench.lists import customer_rows, latest, list_rows
from bench.place import Place
from bench.rows import Row, median, median_ratio, row
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock, SystemClock
from tideng.client.bundle import read_bundle
from tideng.intake.event_files import open_events
from tideng.org.directory import Assignment, Directory, zone
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng.store.tables import EventRow
from tideng_processes.cases.due_steps import AT_ONCE, come_due
from tideng_processes.cases.owners import Staff
from tideng_processes.document.model import OwnerChoice, Part
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.submissions import begin, hand_in
from tideng_processes.measurement.activity_map import read_log_map
from tideng_processes.measurement.conformance import conform, read_log
from tideng_processes.publication.registry import registry_of, shipped_by
from tideng_processes.tables import CaseRow, StepRow, TaskRow

SAMPLE = Path(__file__).parents[1] / "clients" / "bpic2020"
MORNING = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
LEAVE = {"kind": "annual", "from": "2026-03-10", "until": "2026-03-11", "days": 2}
CHUNK = 5_000
KEYS = {CaseRow: ("serial",), TaskRow: ("id",), StepRow: ("id",), EventRow: ("id",)}
"""Columns of each table that are given anew when a row is written once more."""


def run(place: Place, quick: bool) -> list[Row]:
    rows: list[Row] = []
    for kind in ("sqlite", "postgresql"):
        rows += form_rows(place, kind, 40 if quick else 150, 1 if quick else 3)
        rows += deadline_rows(place, kind, 5_000 if quick else 100_000, 500 if quick else 3_000)
        rows += list_rows(place, kind, 10_000 if quick else 100_000, 10_000 if quick else 100_000, 5 if quick else 9)
        rows += customer_rows(place, kind, 10_000 if quick else 100_000, 5 if quick else 9)
    return [*rows, *owner_rows(10_000 if quick else 100_000), *log_rows(1 if quick else 2)]


# -- forms ------------------------------------------------------------------------------------------------------------
def form_rows(place: Place, kind: str, count: int, rounds: int) -> list[Row]:
    """Leave asked for and agreed to, each a transaction of its own, and the same rows inserted barely."""
    office = a_company(place, kind, 2_000)
    deployment = office.deployment
    begun, agreed, bare = [], [], []
    for number in range(rounds):
        people = [f"p{100 + number * count + n}" for n in range(count)]
        cases: list[str] = []
        begun.append(count / seconds(lambda: cases.extend(ask(office, one) for one in people)))  # noqa: B023
        copies = written(deployment, cases)
        agreed.append(count / seconds(lambda: [agree(office, *one) for one in zip(cases, people, strict=True)]))  # noqa: B023
        bare.append(count / seconds(lambda: [insert_barely(deployment, one) for one in copies]))  # noqa: B023
    deployment.close()
    note = f"median of {rounds} × {count} leaves, a transaction each; ratio to bare inserts"
    return [
        row(f"{kind}: bare inserts of what a first step writes", median(bare), "cases/s", None, "case, tasks, history, events"),
        row(f"{kind}: first step handed in", median(begun), "cases/s", median_ratio(begun, bare), note),
        row(f"{kind}: next step handed in", median(agreed), "steps/s", median_ratio(agreed, bare), "the supervisor agrees"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Office:
    deployment: Deployment
    directory: Directory


def a_company(place: Place, kind: str, people: int) -> Office:
    """A company in teams of ten, where p17 answers to p1, on a Monday morning."""
    deployment = place.bare(kind, ManualClock(MORNING))
    folder = place.root / f"processes-{kind}-{people}"
    apply(deployment, read_bundle(folder if folder.exists() else write_company(folder, people)))
    worker = Worker(deployment)
    worker.step()
    return Office(deployment, worker.current_directory)


def ask(office: Office, person: str) -> str:
    viewer = Viewer(person, person, frozenset({"employee"}))
    return begin(office.deployment, viewer, office.directory, "leave", Submission("submit", LEAVE))


def agree(office: Office, case: str, person: str) -> None:
    above = f"p{int(person[1:]) // 10}"
    viewer = Viewer(above, above, frozenset({"supervisor", "employee"}))
    hand_in(office.deployment, viewer, office.directory, case, "approve", Submission("agree", {}))


def written(deployment: Deployment, cases: list[str]) -> list[list[tuple[Any, dict[str, Any]]]]:
    """What was stored of each case, ready to be stored once more under other ids: (table, row)."""
    found: dict[str, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)
    with reading(deployment.engine) as connection:
        for table in KEYS:
            for one in connection.execute(select(table.__table__)).mappings():
                case = one["data"].get("case") if table is EventRow else one["id" if table is CaseRow else "case"]
                if case in cases:
                    found[case].append((table, again(table, dict(one))))
    return list(found.values())


def again(table: Any, values: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if name not in KEYS[table]}
    if table is EventRow:
        return {**kept, "event_id": f"again-{values['event_id']}"}
    return {**kept, "id": f"again-{values['id']}"} if table is CaseRow else {**kept, "case": f"again-{values['case']}"}


def insert_barely(deployment: Deployment, rows: list[tuple[Any, dict[str, Any]]]) -> None:
    with writing(deployment.engine) as connection:
        for table, values in rows:
            connection.execute(insert(table), values)


# -- deadlines --------------------------------------------------------------------------------------------------------
def deadline_rows(place: Place, kind: str, standing: int, due: int) -> list[Row]:
    """So many open steps, of which `due` come due at once, in the worker's own portions; beside the bare inserts of what it wrote."""
    office = a_company(place, kind, 2_000)
    deployment = office.deployment
    fill(deployment, standing, due)
    heard: list[str] = []
    sqlalchemy_event.listen(deployment.engine, "before_cursor_execute", lambda *said: heard.append(said[2]))
    done, portions, began = 0, 0, time.perf_counter()
    while some := sweep(office):
        done, portions = done + some, portions + 1
    spent = time.perf_counter() - began
    if done != due:
        raise RuntimeError(f"{done} steps came due, not {due}")
    told = told_of(deployment)
    barely = seconds(lambda: insert_portions(deployment, told))
    deployment.close()
    note = f"{due:,} of {standing:,} open steps, {len(heard) / portions:.0f} statements for each {AT_ONCE}; ratio to inserting its history and events barely"
    return [row(f"{kind}: deadlines that come", due / spent, "steps/s", barely / spent, note)]  # fmt: skip


def told_of(deployment: Deployment) -> dict[Any, list[dict[str, Any]]]:
    """What the deadlines wrote, ready to be written once more."""
    with reading(deployment.engine) as connection:
        found = {table: connection.execute(select(table.__table__)).mappings().all() for table in (StepRow, EventRow)}
    return {table: [again(table, dict(one)) for one in rows] for table, rows in found.items()}


def insert_portions(deployment: Deployment, rows: dict[Any, list[dict[str, Any]]]) -> None:
    for table, values in rows.items():
        for first in range(0, len(values), AT_ONCE):
            with writing(deployment.engine) as connection:
                connection.execute(insert(table), values[first : first + AT_ONCE])


def sweep(office: Office) -> int:
    deployment = office.deployment
    with writing(deployment.engine) as connection:
        now = deployment.clock.now()
        return come_due(deployment, connection, office.directory, registry_of(deployment), now)


def fill(deployment: Deployment, standing: int, due: int) -> None:
    """Cases that wait for a supervisor's answer; the first `due` of them since yesterday, the others until tomorrow."""
    now = MORNING.astimezone(UTC)
    version = latest(deployment, "leave")
    usual = {"process": "leave", "version": version, "starter": "p1", "node": "approve", "data": LEAVE, "visits": 2}
    for first in range(0, standing, CHUNK):
        numbers = range(first, min(first + CHUNK, standing))
        cases = [{**usual, "id": f"leave-{n:06d}", "person": f"p{n % 1900 + 100}", "started_at": now} for n in numbers]
        tasks = [task(n, now - timedelta(hours=1) if n < due else now + timedelta(days=1), now) for n in numbers]
        with writing(deployment.engine) as connection:
            connection.execute(insert(CaseRow), cases)
            connection.execute(insert(TaskRow), tasks)
    with writing(deployment.engine) as connection:
        connection.execute(text("ANALYZE"))


def task(number: int, due: datetime, now: datetime) -> dict[str, Any]:
    case, owner = f"leave-{number:06d}", f"p{(number % 1900 + 100) // 10}"
    entered = {"case": case, "process": "leave", "visit": 2, "node": "approve", "owner": owner}
    return {**entered, "entered_at": now - timedelta(days=1), "due": due, "wake": due}


# -- owners -----------------------------------------------------------------------------------------------------------
def owner_rows(people: int) -> list[Row]:
    """Who has a step, for everybody once, by three kinds of owner; no statement is made."""
    above = lambda n: f"p{n // 10}" if n else ""  # noqa: E731
    everyone = [Assignment(f"p{n}", f"员工{n}", "all", f"post{n % 50}", above(n)) for n in range(people)]
    directory = Directory(everyone, roles={"hr": ("p1",), "finance": ("p2",)})
    staff, found = Staff(directory, MORNING.astimezone(UTC)), []
    for kind, name in (("supervisor", ""), ("role", "finance"), ("position", "post7")):
        part = Part("", (OwnerChoice(kind, name),))
        staff.owner(part, {}, "p100", "p100")  # the directory makes its index once
        asked = people if kind != "position" else people // 100
        spent = seconds(lambda: [staff.owner(part, {}, f"p{n}", f"p{n}") for n in range(asked)])  # noqa: B023
        note = f"{people:,} people" + (f"; one of {people // 50:,} holders, the one with the least to do" if kind == "position" else "")  # fmt: skip
        found.append(row(f"whose step: {kind}", spent / asked * 1e6, "µs", None, note))
    return found


# -- a log ------------------------------------------------------------------------------------------------------------
def log_rows(rounds: int) -> list[Row]:
    """The travel permits of BPI Challenge 2020 walked through the shipped trip, as a ratio to parsing the file."""
    here = Path(os.environ.get("TIDENG_BPIC2020", "../shared/data/bpic2020")) / "PermitLog.xes.gz"
    log = here if here.exists() else SAMPLE / "events" / "PermitLog.xes.gz"
    bundle = replace(read_bundle(SAMPLE), rule_files=(), packs=())
    log_map = read_log_map(SAMPLE / "processes" / "logs" / "permit-log.yaml")
    parsing, walking, events = [], [], 0
    for _ in range(rounds):
        deployment = Deployment.in_memory(bundle, SystemClock())
        trip = next(one for one in shipped_by(deployment) if one.id == "trip")
        parsing.append(seconds(lambda: sum(1 for _ in open_events(log, deployment.catalogue, deployment.plugins))))  # noqa: B023
        began = time.perf_counter()
        read = read_log([(log.name, log)], deployment, log_map, [trip])
        report = conform(read, trip, log_map.processes["trip"], zone(bundle.timezone), deployment.calendar)
        walking.append(time.perf_counter() - began)
        events = read.events
    note = f"{report.conforming:,} of {report.cases:,} cases as described; read and walked, ratio to parsing alone; target: below 2"
    return [
        row("a log parsed", events / median(parsing), "events/s", None, f"{log.name}, {events:,} events"),
        row("a log walked through a process", events / median(walking), "events/s", median_ratio(walking, parsing), note),
    ]  # fmt: skip


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
