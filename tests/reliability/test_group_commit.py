"""Events posted one by one at the same time share transactions, and each caller still gets its own answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from tests.reliability.scene import write_client
from tests.story import an_event
from tideng.client.bundle import read_bundle
from tideng.store.database import reading, writing
from tideng.store.group_commit import GroupCommit
from tideng.store.tables import DeadLetterRow, EventRow

THREADS = 12


@pytest.fixture(params=["sqlite", "postgres"])
def deployment(request, tmp_path, a_deployment):
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    client = write_client(tmp_path / "client")
    for rule in (client / "rules").iterdir():
        rule.unlink()
    (client / "client.yaml").write_text("client: Group\nlocale: en\ntimezone: Asia/Shanghai\ncalendar: CN\n", "utf-8")
    return a_deployment(url, bundle=read_bundle(client))


def test_many_single_posts_take_fewer_commits_than_posts_and_none_is_lost(deployment):
    commits = []
    event.listen(deployment.engine, "commit", commits.append)
    together = GroupCommit(deployment)
    answers = _at_once(lambda number: [together.receive([_visit(f"{number}-{n}")])[0].status for n in range(10)])
    assert Counter(status for one in answers for status in one) == {"accepted": THREADS * 10}
    with reading(deployment.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(EventRow)) == THREADS * 10
    assert len(commits) < THREADS * 10


def test_the_same_event_from_everyone_is_accepted_once(deployment):
    together = GroupCommit(deployment)
    answers = _at_once(lambda number: together.receive([_visit("same")], f"source {number % 2}")[0].status)
    assert Counter(answers) == {"accepted": 1, "duplicate": THREADS - 1}


def test_each_caller_gets_its_own_problems_and_only_those(deployment):
    together = GroupCommit(deployment)
    sound, broken = _visit("sound"), {"type": "visit.completed"}
    answers = _at_once(
        lambda number: together.receive([broken | {"id": f"b{number}"}] if number % 2 else [sound, sound])
    )
    for number, receipts in enumerate(answers):
        if number % 2:
            assert [receipt.status for receipt in receipts] == ["refused"]
        else:
            assert {receipt.status for receipt in receipts} <= {"accepted", "duplicate"}
            assert len(receipts) == 2
    with reading(deployment.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(DeadLetterRow)) == THREADS // 2


def test_a_database_that_refuses_is_told_to_every_caller(deployment):
    with writing(deployment.engine) as connection:
        connection.execute(text("ALTER TABLE event RENAME TO elsewhere"))
    together = GroupCommit(deployment)

    def post(number: int) -> bool:
        with pytest.raises(DBAPIError):
            together.receive([_visit(str(number))])
        return True

    assert _at_once(post) == [True] * THREADS


def _visit(name: str) -> dict:
    return an_event("visit.completed", "2025-06-12 10:00", "p01", customer="c1")[1] | {"id": name}


def _at_once(call: Callable[[int], object]) -> list:
    """What `call` answers in each of several threads that start together."""
    answers: list = [None] * THREADS
    gate = threading.Barrier(THREADS)

    def run(number: int) -> None:
        gate.wait()
        answers[number] = call(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
