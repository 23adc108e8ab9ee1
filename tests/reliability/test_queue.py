"""The queue only rings. Deleted or destroyed in mid-run it costs a few seconds, never a message."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.reliability.scene import write_client
from tests.reliability.wire_plugin import LOG, with_wire
from tideng.base.clock import SystemClock
from tideng.client.bundle import read_bundle
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import EventRow


@pytest.fixture
def at_work(tmp_path, a_deployment):
    """A deployment with the machine's clock, and a worker in a thread that listens to its bell."""
    client = write_client(tmp_path / "client")
    with open(client / "client.yaml", "a") as file:
        file.write('quiet_hours: {from: "00:00", until: "00:00"}\n')  # at whatever time the test runs
    deployment = a_deployment(
        bundle=read_bundle(client),
        clock=SystemClock(),
        found=with_wire(),
        engine="closures",
        sweep_seconds=2.0,
    )
    stop, bell = threading.Event(), threading.Event()
    listener = deployment.bell.listen(bell.set)
    thread = threading.Thread(target=Worker(deployment).run, args=(stop, bell))
    thread.start()
    yield deployment
    stop.set()
    bell.set()
    thread.join(timeout=10)
    listener.stop()


def test_with_the_bell_a_nudge_goes_at_once(at_work):
    time.sleep(0.5)  # past its first sweep
    assert _spoken_after(at_work, ["first"]) < 1.5


@pytest.mark.parametrize("harm", ["deleted", "overwritten", "made a folder"])
def test_with_the_queue_gone_in_mid_run_every_nudge_goes_within_a_minute(at_work, harm):
    _spoken_after(at_work, ["before"])
    queue = Path(at_work.settings.queue_file)
    for file in queue.parent.glob(queue.name + "*"):
        file.write_bytes(b"this is no database") if harm == "overwritten" else file.unlink()
    if harm == "made a folder":
        queue.mkdir()
    assert _spoken_after(at_work, [f"after-{number}" for number in range(20)]) < 60


def _spoken_after(deployment, names: list[str]) -> float:
    """Post one event each that asks for a nudge; the seconds until the last of them has been spoken."""
    began = time.monotonic()
    for number, name in enumerate(names):
        [receipt] = receive(deployment, [_loud(name, f"p{number:02}")])
        assert receipt.status == "accepted"
    wanted = {f"kill-test/{name}" for name in names}
    log = deployment.settings.folder / LOG
    while time.monotonic() - began < 60:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) == len(set(lines)) and all(
            sum(line.endswith(f"{name}:wire") for line in lines) == 1 for name in wanted
        ):
            return time.monotonic() - began
        time.sleep(0.05)
    with reading(deployment.engine) as connection:
        waiting = connection.scalar(select(func.count()).where(EventRow.status == 0))
    pytest.fail(f"not spoken within a minute; {waiting} events wait")


def _loud(name: str, person: str) -> dict:
    now = SystemClock().now().isoformat()
    return {
        "id": name,
        "source": "kill-test",
        "type": "probe.opened",
        "time": now,
        "subject": person,
        "data": {"probe": name, "loud": True},
    }
