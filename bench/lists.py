"""Cases found again: the list of a supervisor of very many people, and the follow-up of a customer who was lost.

Part of ``python -m bench --only processes``. Beside each stands a bare query that gives the same rows to somebody who knows
already which they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Select, insert, select, text

from bench.place import Place
from bench.rows import Row, median, median_ratio, row
from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.model.event import Event
from tideng.org.directory import Assignment, Directory
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng_followup.lost_customers import losses_of
from tideng_processes.customer_keys import customer_key
from tideng_processes.publication.registry import registry_of
from tideng_processes.tables import CaseRow, TaskRow
from tideng_processes.views.case_list import CaseQuery, case_list

MORNING = datetime.fromisoformat("2026-03-02T10:00:00+08:00").astimezone(UTC)
CHUNK = 5_000
LIST = 300
"""Milliseconds that a list may take."""
FILTERS = (("", CaseQuery()), (", open", CaseQuery(open=True)), (", of one process", CaseQuery(process="leave")))


def list_rows(place: Place, kind: str, people: int, count: int, rounds: int) -> list[Row]:
    """The first page of cases, and a later one, for whoever leads half of the company; and for whoever leads ten."""
    directory = two_halves(people)
    deployment = opened(place, kind)
    fill(deployment, people, count)
    registry, found = registry_of(deployment), []
    with reading(deployment.engine) as connection:
        bare = [took(barely, connection) for _ in range(rounds)]
        for login, whom in (("a1", f"{people // 2:,}"), (f"a{people // 200}", "ten")):
            viewer = Viewer(login, login, frozenset({"supervisor", "employee"}))
            for name, which in FILTERS:
                asked = (connection, viewer, directory, MORNING, registry)
                first = case_list(*asked, which)
                spent = [took(case_list, *asked, which) for _ in range(rounds)]
                found.append(
                    named(
                        f"{kind}: cases of a supervisor of {whom}{name}",
                        spent,
                        bare,
                        f"{len(first.items)} of {count:,} cases",
                    )
                )
                if first.next and not name:
                    middle = replace(which, before=count // 2)
                    spent = [took(case_list, *asked, middle) for _ in range(rounds)]
                    found.append(named(f"{kind}: … a page in the middle", spent, bare, ""))
    deployment.close()
    return found


def named(name: str, spent: list[float], bare: list[float], note: str) -> Row:
    return row(name, median(spent) * 1000, "ms", median_ratio(spent, bare), f"{note}; limit {LIST} ms; ratio to the bare newest rows".lstrip("; "))  # fmt: skip


def barely(connection: Connection) -> None:
    wanted = select(CaseRow.__table__).order_by(CaseRow.serial.desc()).limit(26)
    rows = connection.execute(wanted).all()
    connection.execute(select(TaskRow.__table__).where(TaskRow.case.in_([one.id for one in rows]))).all()


def two_halves(people: int) -> Directory:
    """Two lines of teams of ten: everybody of the one is under a1, of the other under b1."""

    def above(line: str, n: int) -> str:
        return f"{line}{n // 10 or 1}" if n > 1 else ""

    half = range(1, people // 2 + 1)
    return Directory(Assignment(f"{line}{n}", f"员工{n}", supervisor=above(line, n)) for line in "ab" for n in half)


def fill(deployment: Deployment, people: int, count: int) -> None:
    """So many cases, each about somebody else in turn; every fourth has ended."""
    version = latest(deployment, "leave")
    usual = {"process": "leave", "version": version, "data": {}, "visits": 2, "started_at": MORNING}
    for numbers in portions(count):
        rows = [
            {**usual, "id": f"leave-{n:06d}", "person": whom(n, people), "starter": whom(n, people), **stands(n)}
            for n in numbers
        ]
        tasks = [a_task(n, people) for n in numbers if n % 4]
        with writing(deployment.engine) as connection:
            connection.execute(insert(CaseRow), rows)
            connection.execute(insert(TaskRow), tasks)
    analyse(deployment)


def whom(number: int, people: int) -> str:
    return f"{'ab'[number % 2]}{number // 2 % (people // 2) + 1}"


def stands(number: int) -> dict[str, Any]:
    if number % 4:
        return {"node": "approve", "end": "", "ended_at": None}
    return {"node": "", "end": "taken", "ended_at": MORNING}


def a_task(number: int, people: int) -> dict[str, Any]:
    person = whom(number, people)
    owner = f"{person[0]}{int(person[1:]) // 10 or 1}"
    entered = {"case": f"leave-{number:06d}", "process": "leave", "visit": 2, "node": "approve", "owner": owner}
    return {**entered, "entered_at": MORNING, "due": MORNING + timedelta(days=1)}


# -- a customer who was lost -------------------------------------------------------------------------------------------
def customer_rows(place: Place, kind: str, count: int, rounds: int) -> list[Row]:
    """Which follow-up a loss means, among so many; thirty losses at once; beside reading the case by its id."""
    deployment = opened(place, kind)
    follow_up(deployment, count)
    registry, found = registry_of(deployment), []
    with reading(deployment.engine) as connection:
        for losses in (1, 30):
            told = [lost(n * (count // 40)) for n in range(1, losses + 1)]
            ids = [f"customer-followup-{n * (count // 40):06d}" for n in range(1, losses + 1)]
            if len(losses_of(connection, registry, told)) != losses:
                raise RuntimeError("a customer was not found")
            spent = [took(losses_of, connection, registry, told) for _ in range(rounds)]
            known = select(CaseRow.__table__).where(CaseRow.id.in_(ids))
            bare = [took(all_of, connection, known) for _ in range(rounds)]
            found.append(row(f"{kind}: lost customers found, {losses} at once", median(spent) * 1000, "ms", median_ratio(spent, bare), f"among {count:,} follow-ups; ratio to reading the cases by id"))  # fmt: skip
    deployment.close()
    return found


def lost(number: int) -> Event:
    return Event(f"l{number}", "crm", "customer.lost", MORNING, "a1", {"customer": f"恒亮照明{number}有限公司"})


def follow_up(deployment: Deployment, count: int) -> None:
    version = latest(deployment, "customer_followup")
    usual = {
        "process": "customer_followup",
        "version": version,
        "person": "a1",
        "starter": "a1",
        "node": "answer",
        "visits": 2,
    }
    for numbers in portions(count):
        names = {n: f"恒亮照明{n}" for n in numbers}
        rows = [
            {**usual, "id": f"customer-followup-{n:06d}", "reference": f"N-{n}", "data": {"customer": name}, "customer_key": customer_key(name), "started_at": MORNING - timedelta(days=9)}
            for n, name in names.items()
        ]  # fmt: skip
        with writing(deployment.engine) as connection:
            connection.execute(insert(CaseRow), rows)
    analyse(deployment)


# -- what both need ----------------------------------------------------------------------------------------------------
def opened(place: Place, kind: str) -> Deployment:
    deployment = place.bare(kind, ManualClock(MORNING))
    Worker(deployment).step()
    return deployment


def latest(deployment: Deployment, process: str) -> int:
    published = registry_of(deployment).latest(process)
    if published is None:
        raise RuntimeError(f"{process} is not shipped")
    return published.version


def portions(count: int) -> Iterator[range]:
    return (range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK))


def analyse(deployment: Deployment) -> None:
    with writing(deployment.engine) as connection:
        connection.execute(text("ANALYZE"))


def all_of(connection: Connection, wanted: Select[Any]) -> None:
    connection.execute(wanted).all()


def took(act: Callable[..., object], *given: Any) -> float:
    """Seconds that it took to call `act` with what is given."""
    began = perf_counter()
    act(*given)
    return perf_counter() - began
