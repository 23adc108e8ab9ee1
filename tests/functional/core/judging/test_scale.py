"""Two thousand rules in one deployment, five hundred of them on one event type: the live line finds what closures find."""

import time
from collections import Counter

import pytest
from sqlalchemy import select

from bench.load import NOW, payloads
from bench.scale import change_one, write_rules
from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.intake.reader import read_event
from tideng.replay.run import replay
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.worker import Worker
from tideng.store.database import reading
from tideng.store.events import receive
from tideng.store.tables import FindingRow


@pytest.mark.slow
def test_two_thousand_rules_are_judged_live_as_by_closures_and_a_change_is_live_at_once(tmp_path, a_deployment):
    folder = write_rules(tmp_path / "client", 2_000)
    bundle = read_bundle(folder)
    deployment = a_deployment(bundle=bundle, clock=ManualClock(NOW))
    worker, rules = Worker(deployment), deployment.plugins.get("rules")
    try:
        events = payloads(400, seed=4)
        receive(deployment, events)
        worker.step()
        assert rules.matcher.engine == "durable"
        assert len(rules.book.rules) == 2_000
        assert rules.matcher.quarantined == {}
        with reading(deployment.engine) as connection:
            stored = Counter(connection.execute(select(FindingRow.rule, FindingRow.subject, FindingRow.at)).all())
        past = Deployment.in_memory(bundle, ManualClock(NOW))
        heard = sorted((read_event(one, past.catalogue, received=None) for one in events), key=lambda event: event.time)
        found = Counter((one.rule, one.subject, one.at) for one in replay(past, heard, heard[0].time, heard[-1].time))
        assert stored == found
        assert sum(found.values()) > 100
        change_one(folder)
        apply(deployment, read_bundle(folder))
        child = rules.matcher.child_pid
        kept = {rule: one.rule for rule, one in rules.book.rules.items()}
        began = time.monotonic()
        worker.run_schedules()
        assert time.monotonic() - began < 1
        assert rules.matcher.child_pid != child
        assert (
            sum(one.rule is not kept[rule] for rule, one in rules.book.rules.items()) == 1
        )  # only what changed is read
    finally:
        rules.close()
