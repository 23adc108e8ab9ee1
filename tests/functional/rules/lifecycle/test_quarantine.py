"""A poisoned rule is set aside alone, the others go on, and everybody who looks sees which, why, and what to do."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, entry_points

import pytest
from sqlalchemy import update
from story import Story, a_report, at

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng.base.errors import NotAllowed, NotFound
from tideng.cli import main
from tideng.cli.doctor import examine
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.worker import Worker
from tideng.store.database import reading, writing
from tideng_rules.lifecycle import quarantine
from tideng_rules.lifecycle.store import grow_revision
from tideng_rules.lifecycle.tables import RuleVersionRow

RULE = """
    id: {id}
    kind: reminder
    title: {{zh: 测, en: Tested}}
    when: {{event: report.submitted}}
    if: {condition}
    then: [{{nudge: person, message: {{zh: 看一下。, en: Please look.}}}}]
    limit: {{once_per: occurrence}}
"""
SHORT = "{fact: event.needs.length, lt: 200}"
MOODY = "{fact: person.mood, is: fine}"
IMPLEMENTER = Viewer("impl", "", frozenset({"implementer"}))


class Line(Story):
    """A deployment whose live path judges with durable-rules, and rules that are told by their condition."""

    def rules(self, **conditions: str) -> None:
        for rule, condition in conditions.items():
            self.rule(RULE.format(id=rule, condition=condition), rule)

    def reports(self, count: int, day: int = 2) -> list[str]:
        """Let so many reports come in; return which rules spoke, each as often as it did."""
        assert self.deployment is not None
        before = len(self.stored())
        events = [a_report(f"2026-03-{day:02} 18:{n:02}", by="zhang") for n in range(count)]
        self.live(*events, until=f"2026-03-{day:02} 23:00")
        return sorted(row.rule for row in self.stored()[before:])

    def kept(self) -> dict[str, tuple[str, str]]:
        """What is set aside: rule → engine and cause."""
        with reading(self.deployment.engine) as connection:
            return {one.rule: (one.engine, one.details["cause"]) for one in quarantine.of_those_in_force(connection)}

    def settle(self) -> None:
        """Wait for the engine to come back, and let the worker write down what it found."""
        plugin = self.deployment.plugins.get("rules")
        if plugin.engine == "durable":
            assert plugin.matcher.settle()
        self.worker.step()

    def start_again(self) -> None:
        """Another process on the same database, while the first one is gone."""
        self.deployment.plugins.get("rules").close()
        now = self.deployment.clock.now()
        self.deployment = self.open_deployment(
            self.url, clock=ManualClock(now), engine=self.engine, folder=self.folder, **self.more
        )
        self.worker = Worker(self.deployment)

    more: dict = {}


@pytest.fixture
def line(tmp_path, a_deployment):
    made = []

    def build(url=None, **more):
        deadline = {"engine_deadline_seconds": 1.0} | more
        one = Line(tmp_path / "client", "live", lambda *a, **k: a_deployment(*a, **{**k, **deadline}), url, "durable")
        one.more = {}
        made.append(one)
        return one

    yield build
    for one in made:
        if one.deployment is not None:
            one.deployment.plugins.get("rules").close()


@pytest.mark.parametrize(
    ("fault", "cause", "error"),
    [("segv", "crashed", "died of SIGSEGV"), ("hang", "hung", "no answer within 1 s"), ("deny", "differs", "")],
)
def test_a_rule_that_breaks_the_engine_is_judged_by_closures_and_the_others_go_on(
    line, monkeypatch, fault, cause, error
):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", f"{fault}:poisoned")
    it = line()
    it.rules(poisoned=SHORT, sound=SHORT)
    it.begin("2026-03-02 17:00")
    assert it.reports(3) == ["poisoned"] * 3 + ["sound"] * 3  # nothing is lost while it is found out
    it.settle()
    assert it.kept() == {"poisoned": ("durable", cause)}
    with reading(it.deployment.engine) as connection:
        [one] = quarantine.of_those_in_force(connection)
    assert one.details["error"] == error
    assert one.details["facts"] == ["event.needs.length"]
    matcher = it.deployment.plugins.get("rules").matcher
    assert it.reports(3, day=3) == ["poisoned"] * 3 + ["sound"] * 3
    assert matcher.engine == "durable"
    it.start_again()  # what was found out outlives the process, and costs the next one nothing
    assert it.reports(3, day=4) == ["poisoned"] * 3 + ["sound"] * 3
    matcher = it.deployment.plugins.get("rules").matcher
    assert (matcher.engine, matcher.restarts, set(matcher.quarantined)) == ("durable", 0, {"poisoned"})


def test_another_version_leaves_quarantine(line, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:poisoned")
    it = line()
    it.rules(poisoned=SHORT, sound=SHORT)
    it.begin("2026-03-02 17:00")
    it.reports(1)
    it.settle()
    assert set(it.kept()) == {"poisoned"}
    monkeypatch.delenv("TIDENG_TEST_FAULTS")
    it.rules(poisoned="{fact: event.needs.length, lt: 201}")
    apply(it.deployment, read_bundle(it.folder))
    assert it.reports(1, day=3) == ["poisoned", "sound"]
    assert it.kept() == {}
    assert it.deployment.plugins.get("rules").matcher.quarantined == {}


@pytest.mark.parametrize("engine", ["durable", "closures"])
def test_a_rule_that_raises_ten_times_in_a_row_speaks_to_nobody_until_it_is_tried_again(
    tmp_path, a_deployment, engine, capfd
):
    found = [
        *entry_points(group="tideng"),
        EntryPoint("hostile", "functional.rules.lifecycle.hostile_plugin:HostilePlugin", "tideng"),
    ]
    it = Line(tmp_path / "client", "live", lambda *a, **k: a_deployment(*a, found=found, **k), None, engine)
    it.rules(moody=MOODY, sound=SHORT)
    it.begin("2026-03-02 17:00")
    assert it.reports(12) == ["sound"] * 12
    it.settle()
    assert it.kept() == {"moody": ("all", "raised")}
    it.reports(1, day=3)
    assert "moody" not in it.deployment.plugins.get("rules").book._rounds["event:report.submitted"].answer
    with reading(it.deployment.engine) as connection:
        told = str(quarantine.of_those_in_force(connection)) + capfd.readouterr().err
    assert "RuntimeError" in told
    assert "person.mood" in told
    assert "88123" not in told  # an error's own words may name a person
    with writing(it.deployment.engine) as connection:
        quarantine.try_again(connection, IMPLEMENTER, "moody")
    assert it.reports(12, day=4) == ["sound"] * 12
    it.settle()
    assert it.kept() == {"moody": ("all", "raised")}
    it.deployment.plugins.get("rules").close()


def test_a_rule_that_this_program_cannot_read_is_set_aside_until_it_can(line):
    it = line(engine="closures")
    it.rules(odd=SHORT, sound=SHORT)
    it.begin("2026-03-02 17:00")

    def rewrite(condition):
        with writing(it.deployment.engine) as connection:
            document = (
                connection.execute(RuleVersionRow.__table__.select().where(RuleVersionRow.rule == "odd")).one().document
            )
            changed = update(RuleVersionRow).where(RuleVersionRow.rule == "odd")
            connection.execute(changed.values(document={**document, "if": condition}))
            grow_revision(connection)

    rewrite({"fact": "event.needs.length", "resembles": 200})  # as a newer program may have written it
    it.start_again()
    assert it.reports(2) == ["sound"] * 2
    it.settle()
    assert it.kept() == {"odd": ("all", "unreadable")}
    rewrite({"fact": "event.needs.length", "lt": 200})  # and now the program is the newer one
    it.start_again()
    assert it.reports(2, day=3) == ["odd", "odd", "sound", "sound"]
    assert it.kept() == {}


@pytest.fixture
def poisoned(line, monkeypatch):
    """A deployment with one rule of two in quarantine."""
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:poisoned")
    it = line()
    it.rules(poisoned=SHORT, sound=SHORT)
    it.begin("2026-03-02 17:00")
    it.reports(1)
    it.settle()
    return it


def test_every_process_sees_it_and_one_tells_it(poisoned, a_deployment):
    other = a_deployment(clock=ManualClock(at("2026-03-03 09:00")), folder=poisoned.folder)
    with reading(other.engine) as connection:
        [[seen]] = [part for part in other.plugins.call("needs_attention", connection=connection) if part]
    assert seen.what["en"] == "rule poisoned"
    assert "the two engines gave different answers" in seen.said["en"]
    assert "两个引擎给出的答案不同" in seen.said["zh"]
    assert "tideng rules try-again poisoned" in seen.way_out["en"]
    said = [one for one in examine(other) if str(one.what) == "rule poisoned"]
    assert [one.state for one in said] == ["wrong"]


def test_the_command_line_shows_it_and_tries_again(poisoned, monkeypatch, capsys):
    poisoned.deployment.plugins.get("rules").close()
    (poisoned.folder / "tideng.toml").write_text("", "utf-8")
    monkeypatch.setenv("TIDENG_HOME", str(poisoned.folder))

    def tideng(*words):
        return main(["--lang", "en", *words]), capsys.readouterr().out

    code, out = tideng("rules", "quarantine", "--json")
    shown = json.loads(out)
    assert code == 1
    assert (shown["rule"], shown["version"], shown["engine"], shown["cause"]) == ("poisoned", 1, "durable", "differs")
    assert (shown["durable"], shown["facts"]) == (False, ["event.needs.length"])
    assert tideng("rules", "try-again", "poisoned")[0] == 0
    assert tideng("rules", "quarantine") == (0, "No rule is set aside.\n")
    assert tideng("rules", "try-again", "poisoned")[0] == 1


def test_only_those_who_may_change_rules_may_try_one_again(poisoned):
    with writing(poisoned.deployment.engine) as connection:
        for role in ("employee", "supervisor", "auditor", "connector"):
            with pytest.raises(NotAllowed):
                quarantine.try_again(connection, Viewer("x", "x", frozenset({role})), "poisoned")
        with pytest.raises(NotAllowed):
            quarantine.set_aside(connection, Viewer("x", "x", frozenset({"employee"})))
        for role in ("hr", "implementer", "admin"):
            with pytest.raises(NotFound):
                quarantine.try_again(connection, Viewer("x", "x", frozenset({role})), "sound")
    assert set(poisoned.kept()) == {"poisoned"}


def test_two_workers_that_find_it_at_once_write_it_down_once(poisoned, a_deployment):
    plugin = poisoned.deployment.plugins.get("rules")
    news = plugin._wards
    with reading(poisoned.deployment.engine) as connection:
        [row] = quarantine.get(connection)
    with writing(poisoned.deployment.engine) as connection:
        assert news.write(connection, [row]) == []
        assert quarantine.get(connection) == [row]
