"""The rules plugin in a real deployment: migrated, applied, refreshed, asked; and in a replay without a database."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.rules.builders import NOON, a_document
from tideng.base.clock import ManualClock
from tideng.base.errors import InvalidBundle
from tideng.client.bundle import read_bundle
from tideng.model.judge_contract import Situation
from tideng.runtime.apply import apply, plan
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import is_current
from tideng.store.database import reading

LATE = {"person.on_trip": True, "metric.reports_today": 0}


def a_client(folder, *documents):
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "client.yaml").write_text("client: test\n")
    (folder / "rules" / "own.yaml").write_text(yaml.safe_dump_all(documents))
    return read_bundle(folder)


def refreshed(deployment) -> bool:
    with reading(deployment.engine) as connection:
        return dict(deployment.plugins.call_named("refresh", connection=connection))["rules"]


def asked(deployment, facts=LATE, rule="report-missing"):
    situation = Situation(f"rule:{rule}", "zhangsan", NOON, facts)
    return [finding for part in deployment.plugins.call("judge", situations=[situation]) for finding in part]


@pytest.mark.parametrize("engine", ["closures", "durable"])
def test_applied_rules_judge_after_a_refresh(a_deployment, tmp_path, engine):
    deployment = a_deployment(bundle=a_client(tmp_path / "client", a_document()), engine=engine)
    assert is_current(deployment)
    assert refreshed(deployment)
    assert not refreshed(deployment)
    finding = asked(deployment)[0]
    assert (finding.rule, finding.version, finding.deeds[0].to) == ("report-missing", 1, "person")
    assert asked(deployment, LATE | {"metric.reports_today": 1}) == []
    assert (
        type(deployment.plugins.get("rules").matcher).__name__
        == {"closures": "ClosureMatcher", "durable": "SupervisedMatcher"}[engine]
    )
    deployment.plugins.get("rules").close()


def test_an_edit_is_planned_applied_and_live_at_the_next_refresh(a_deployment, tmp_path):
    deployment = a_deployment(bundle=a_client(tmp_path / "client", a_document()), engine="closures")
    refreshed(deployment)
    edited = a_client(tmp_path / "client", a_document(if_={"fact": "metric.reports_today", "lt": 2}, examples=None))
    assert str(plan(deployment, edited)[0]) == "rule report-missing: changed, version 2"
    assert asked(deployment, LATE | {"metric.reports_today": 1}) == []
    apply(deployment, edited)
    assert plan(deployment, edited) == []
    assert refreshed(deployment)
    assert asked(deployment, LATE | {"metric.reports_today": 1})[0].version == 2


def test_a_ladders_own_version_is_found_in_the_database(a_deployment, tmp_path):
    ladder = a_document(later=[{"at": "21:00", "then": [{"mark": "incomplete"}]}])
    deployment = a_deployment(bundle=a_client(tmp_path / "client", ladder), engine="closures")
    apply(deployment, a_client(tmp_path / "client", a_document()))
    refreshed(deployment)
    assert len(deployment.plugins.first("watch", rule="report-missing", version=1).steps) == 1
    step = Situation("step:report-missing", "zhangsan", NOON, {}, 1, 1)
    assert [d.action for f in deployment.plugins.call("judge", situations=[step])[0] for d in f.deeds] == ["mark"]


def test_a_rule_with_a_mistake_is_refused_and_nothing_changes(a_deployment, tmp_path):
    deployment = a_deployment(bundle=a_client(tmp_path / "client", a_document()), engine="closures")
    bad = a_client(
        tmp_path / "client", a_document(priority=1), a_document(id="bad", if_={"fact": "metric.reprts_today", "is": 0})
    )
    with pytest.raises(InvalidBundle, match=r"rules/own\.yaml, bad: if\.fact: unknown metric"):
        apply(deployment, bad)
    refreshed(deployment)
    assert asked(deployment)[0].version == 1


def test_a_replay_needs_no_database(tmp_path):
    deployment = Deployment.in_memory(a_client(tmp_path, a_document()), ManualClock(NOON))
    assert [watch.rule for watch in deployment.plugins.call("watches")[0]] == ["report-missing"]
    assert asked(deployment)[0].version == 1
    assert type(deployment.plugins.get("rules").matcher).__name__ == "ClosureMatcher"


def test_two_deployments_in_one_process_keep_their_rules_apart(tmp_path):
    one = Deployment.in_memory(a_client(tmp_path / "one", a_document()), ManualClock(NOON))
    two = Deployment.in_memory(a_client(tmp_path / "two", a_document(id="other")), ManualClock(NOON))
    assert asked(one)
    assert not asked(two)
    assert asked(two, rule="other")
