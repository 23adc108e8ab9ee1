"""Asking everyone at seven costs the same number of statements for a small company and for a large one."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from bench.evening import AFTERNOON, NINE, SEVEN, fill_day, write_company
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.tables import AgendaRow, FindingRow


def an_evening(folder, a_deployment, url, people):
    """Live through it; returns the statements of seven, and the different ones of nine."""
    bundle = read_bundle(write_company(folder / f"company-{people}", people))
    deployment = a_deployment(url, bundle=bundle, clock=ManualClock(AFTERNOON), engine="closures", batch_size=100_000)
    expected = fill_day(deployment, people)
    worker = Worker(deployment)
    worker.run_schedules()
    said = []
    event.listen(
        deployment.engine, "before_execute", lambda _connection, statement, *_: said.append(str(statement)[:80])
    )
    deployment.clock.set(SEVEN)
    worker.run_schedules()
    with reading(deployment.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(FindingRow)) == expected > 0
        assert connection.scalar(select(func.count()).select_from(AgendaRow)) == expected
    deployment.clock.set(NINE + timedelta(seconds=1))
    at_seven, said[:] = list(said), []
    rounds = []
    while done := worker.come_due():
        rounds.append(done)
    assert sum(rounds) == expected
    assert len(rounds) <= 4  # on PostgreSQL a worker takes forty of the lanes at a time
    return at_seven, set(said)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_statement_is_given_for_each_person(tmp_path, a_deployment, postgres_server, kind):
    urls = [postgres_server() if kind == "postgres" else None for _ in range(2)]
    few, many = (an_evening(tmp_path, a_deployment, url, n) for url, n in zip(urls, (100, 2000), strict=True))
    assert few == many
