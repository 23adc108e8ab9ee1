"""The engine may crash, hang or be killed: every situation is judged, and the rule that did it is shown."""

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unloadable import SAID, unloadable_engine

from tests.unit.rules.engine.conftest import conditions
from tests.unit.rules.engine.conftest import situations as situations_of_all_kinds
from tideng_rules.document.model import FactRef, Group, Leaf
from tideng_rules.engine.closures import ClosureMatcher
from tideng_rules.engine.faults import Trouble
from tideng_rules.engine.supervisor import SupervisedMatcher

QUESTION = "event:visit.done"
PATIENCE = 180.0
"""Seconds for finding out which rule it was, in many processes one after the other, on a machine that is busy."""


@pytest.fixture
def supervised():
    """A function that makes supervised matchers, all closed in the end."""
    made = []

    def make(questions, **options):
        made.append(SupervisedMatcher(questions, **options))
        return made[-1]

    yield make
    for matcher in made:
        matcher.close()


def situations(count, rules):
    return [(QUESTION, {"metric.visits": n % rules}) for n in range(count)]


def expected(count, rules):
    return [[f"r{n % rules}"] for n in range(count)]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_the_child_answers_in_the_order_asked_over_many_batches(supervised, visits_rules):
    matcher = supervised(visits_rules(40))
    assert matcher.engine == "durable"
    assert matcher.match(situations(1234, 40)) == expected(1234, 40)
    assert matcher.match([]) == []
    assert matcher.engine == "durable"


def test_a_rule_that_crashes_the_engine_is_quarantined_and_nothing_is_lost(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "segv:r7")
    told = []
    matcher = supervised(visits_rules(20), on_quarantine=lambda *what: told.append(what))
    assert matcher.match(situations(300, 20)) == expected(300, 20)
    assert matcher.settle(PATIENCE)
    assert matcher.quarantined == {"r7": Trouble("crashed", "died of SIGSEGV", ("metric.visits",))}
    assert told == list(matcher.quarantined.items())
    assert matcher.engine == "durable"
    assert matcher.match(situations(300, 20)) == expected(300, 20)
    assert (matcher.restarts, matcher.engine) == (1, "durable")


def test_a_rule_that_hangs_the_engine_is_quarantined_and_the_others_run_on(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "hang:r2")
    matcher = supervised(visits_rules(4), deadline_s=0.3)
    assert matcher.match(situations(8, 4)) == expected(8, 4)  # though the process that hangs never answers
    assert matcher.settle(PATIENCE)
    assert matcher.quarantined == {"r2": Trouble("hung", "no answer within 0.3 s", ("metric.visits",))}
    assert matcher.match(situations(8, 4)) == expected(8, 4)


def test_two_faulty_rules_are_both_found(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "segv:r1,segv:r5")
    matcher = supervised(visits_rules(8))
    assert matcher.match(situations(16, 8)) == expected(16, 8)
    assert matcher.settle(PATIENCE)
    assert set(matcher.quarantined) == {"r1", "r5"}
    assert matcher.match(situations(16, 8)) == expected(16, 8)


def test_a_rule_on_which_the_engines_differ_is_judged_by_closures_from_then_on(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:r7")
    told = []
    matcher = supervised(visits_rules(20), double_check=50, on_quarantine=lambda *what: told.append(what))
    assert matcher.match(situations(300, 20)) == expected(300, 20)  # all of the batch in which it was found out
    assert told == [("r7", Trouble("differs", "", ("metric.visits",), durable=False))]
    assert matcher.settle(PATIENCE)
    assert matcher.match(situations(300, 20)) == expected(300, 20)
    assert (dict(told), matcher.engine, matcher.restarts) == (matcher.quarantined, "durable", 0)


def test_after_the_first_situations_of_a_version_one_in_so_many_is_checked(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:r7")
    matcher = supervised(visits_rules(20), double_check=10)
    quiet = [(QUESTION, {"metric.visits": 3})] * 100
    assert matcher.match(quiet) == [["r3"]] * 100
    for _ in range(100):  # the chance that none of 1,000 is checked is below 1 in 10^45
        matcher.match([(QUESTION, {"metric.visits": 7})] * 10)
    assert set(matcher.quarantined) == {"r7"}


def test_without_double_checks_the_engine_is_believed(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:r1")
    matcher = supervised(visits_rules(2), double_check=0)
    assert matcher.match(situations(4, 2)) == [["r0"], [], ["r0"], []]
    assert matcher.quarantined == {}


def test_what_is_told_of_a_rule_names_facts_and_no_values(supervised, monkeypatch, capfd):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "deny:pay")
    rule = Group("all", (Leaf("person.level", "is", "总监"), Leaf("event.amount", "gt", 88_123_557)))
    matcher = supervised({QUESTION: [("pay", rule)]}, double_check=1)
    matcher.match([(QUESTION, {"person.level": "总监", "event.amount": 99_321_446})])
    said = capfd.readouterr().err + str(matcher.quarantined["pay"]) + matcher.quarantined["pay"].words("zh")
    assert "event.amount" in said
    assert "person.level" in said
    told = [line for line in said.splitlines() if re.search("总监|88,?123,?557|99,?321,?446", line)]
    assert told == []


def test_a_rule_known_to_be_in_quarantine_is_not_given_to_the_engine(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "segv:r1")
    kept = {"r1": Trouble("crashed", "died of SIGSEGV")}
    matcher = supervised(visits_rules(4), kept=kept)
    assert matcher.match(situations(8, 4)) == expected(8, 4)
    assert (matcher.restarts, matcher.quarantined) == (0, kept)
    matcher.replace(visits_rules(4), kept={})  # try again
    assert matcher.match(situations(8, 4)) == expected(8, 4)
    assert matcher.settle(PATIENCE)
    assert (matcher.restarts, set(matcher.quarantined)) == (1, {"r1"})


def test_rules_that_did_not_change_for_the_engine_leave_its_process_alone(supervised, visits_rules):
    questions = visits_rules(30)
    matcher = supervised(questions)
    pid = matcher.child_pid
    matcher.replace({question: list(rules) for question, rules in questions.items()})
    assert matcher.child_pid == pid
    matcher.replace(questions | {"rule:deep": [("deep", Group("any", tuple(Leaf("a", "is", n) for n in range(99))))]})
    assert matcher.child_pid == pid  # that one is for closures
    assert matcher.match([("rule:deep", {"a": 98}), *situations(30, 30)]) == [["deep"], *expected(30, 30)]
    matcher.replace(questions | {"rule:new": [("new", Leaf("a", "is", 1))]})
    assert matcher.child_pid != pid
    assert matcher.match([("rule:new", {"a": 1}), *situations(30, 30)]) == [["new"], *expected(30, 30)]
    assert matcher.engine == "durable"


def test_a_child_killed_in_mid_batch_costs_no_answer_and_blames_no_rule(supervised, visits_rules):
    matcher = supervised(visits_rules(30))
    stop = threading.Event()

    def kill_again_and_again():
        while not stop.wait(0.15):
            pid = matcher.child_pid
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_again_and_again)
    killer.start()
    try:
        for _ in range(25):
            assert matcher.match(situations(2000, 30)) == expected(2000, 30)
    finally:
        stop.set()
        killer.join()
    assert matcher.restarts > 0
    assert matcher.settle(PATIENCE)
    assert matcher.quarantined == {}
    assert until(lambda: matcher.match(situations(1, 30)) and matcher.engine == "durable")


def test_a_child_that_is_stopped_is_given_up_at_the_deadline(supervised, visits_rules):
    matcher = supervised(visits_rules(5), deadline_s=0.3)
    os.kill(matcher.child_pid, signal.SIGSTOP)
    assert matcher.match(situations(250, 5)) == expected(250, 5)
    assert matcher.settle(PATIENCE)
    assert (matcher.engine, matcher.quarantined, matcher.restarts) == ("durable", {}, 1)


def test_an_engine_that_cannot_be_loaded_blames_no_rule_and_says_why(supervised, visits_rules, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", unloadable_engine(tmp_path / "broken"))
    matcher = supervised(visits_rules(5))
    assert matcher.match(situations(250, 5)) == expected(250, 5)
    assert matcher.settle(PATIENCE)
    assert (matcher.engine, matcher.quarantined) == ("closures", {})
    assert matcher.failure.unloadable
    assert SAID in str(matcher.failure)
    monkeypatch.delenv("PYTHONPATH")
    assert until(lambda: matcher.match(situations(1, 5)) and matcher.engine == "durable")
    assert matcher.failure is None


def test_new_rules_judge_from_the_next_question_on(supervised, visits_rules):
    matcher = supervised(visits_rules(100))
    matcher.replace(visits_rules(100, first=50))
    assert matcher.match([(QUESTION, {"metric.visits": 149})]) == [["r149"]]
    assert matcher.match([(QUESTION, {"metric.visits": 3})]) == [[]]
    assert matcher.engine == "durable"


def test_a_changed_rule_leaves_quarantine_and_an_unchanged_one_stays(supervised, visits_rules, monkeypatch):
    monkeypatch.setenv("TIDENG_TEST_FAULTS", "segv:r1,segv:r2")
    matcher = supervised(visits_rules(4))
    matcher.match(situations(4, 4))
    assert matcher.settle(PATIENCE)
    rules = dict(visits_rules(4)[QUESTION])
    rules["r1"] = Leaf("metric.visits", "gt", 100)
    matcher.replace({QUESTION: list(rules.items())})
    assert set(matcher.quarantined) == {"r2"}


def test_five_hundred_rules_on_one_question_and_two_thousand_in_all(supervised, visits_rules):
    questions = visits_rules(500) | {f"rule:{n}": visits_rules(150)[QUESTION] for n in range(10)}
    matcher = supervised(questions)
    assert sum(map(len, questions.values())) == 2000
    assert matcher.match(situations(1000, 500)) == expected(1000, 500)
    assert matcher.match([("rule:9", {"metric.visits": 149})]) == [["r149"]]
    assert matcher.engine == "durable"


def test_what_json_would_change_on_its_way_is_judged_all_the_same(supervised):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    rules = [
        ("later", Leaf("event.at", "gte", noon)),
        ("huge", Leaf("event.n", "gt", 2**70)),
        ("endless", Leaf("event.n", "gt", 1e308)),
        ("there", Leaf("event.n", "exists", True)),
        ("odd", Leaf("event.text", "contains", "\ud800")),
        ("deep", Group("any", tuple(Leaf("event.n", "is", n) for n in range(500)))),
        ("half", Leaf("event.n", "is", 0.5)),
        ("other", Leaf("event.n", "lt", FactRef("event.m", 0.5))),
    ]
    batch = [
        (QUESTION, {"event.at": noon}),
        (QUESTION, {"event.at": date(2026, 3, 3)}),
        (QUESTION, {"event.n": 2**80}),
        (QUESTION, {"event.n": float("inf")}),
        (QUESTION, {"event.n": float("nan")}),
        (QUESTION, {"event.n": Decimal("0.5"), "event.m": 2}),
        (QUESTION, {"event.text": "a\ud800"}),
        (QUESTION, {"event.n": 499}),
        ("unknown", {}),
    ]
    answers = [
        ["later"],
        ["later"],
        ["huge", "there"],
        ["huge", "endless", "there"],
        [],
        ["there", "half", "other"],
        ["odd"],
    ]
    matcher = supervised({QUESTION: rules})
    assert matcher.match(batch) == [*answers, ["there", "deep"], []]
    assert matcher.match(batch) == ClosureMatcher({QUESTION: rules}).match(batch)
    assert matcher.engine == "durable"
    assert matcher.by_closures == {"deep": "more than 60 comparisons"}


def _judge_in_another_process(answers):
    rules = {QUESTION: [(f"r{n}", Leaf("metric.visits", "is", n)) for n in range(10)]}
    matcher = SupervisedMatcher(rules)
    answers.put((matcher.engine, matcher.match(situations(500, 10)) == expected(500, 10)))
    matcher.close()


def test_several_processes_each_have_an_engine(supervised, visits_rules):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [context.Process(target=_judge_in_another_process, args=(answers,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    matcher = supervised(visits_rules(10))
    assert matcher.match(situations(500, 10)) == expected(500, 10)
    assert [answers.get(timeout=30) for _ in workers] == [("durable", True)] * 2
    for worker in workers:
        worker.join()


def _judge_after_a_fork(matcher, answers):
    answers.put(matcher.match(situations(50, 10)) == expected(50, 10))
    matcher.settle(PATIENCE)
    answers.put((matcher.engine, matcher.match(situations(50, 10)) == expected(50, 10)))
    matcher.close()


def test_a_forked_process_gets_an_engine_of_its_own_and_leaves_ours_alone(supervised, visits_rules):
    matcher = supervised(visits_rules(10))
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    forked = context.Process(target=_judge_after_a_fork, args=(matcher, answers))
    forked.start()
    assert answers.get(timeout=30) is True
    assert answers.get(timeout=30) == ("durable", True)
    forked.join()
    assert matcher.match(situations(50, 10)) == expected(50, 10)
    assert (matcher.engine, matcher.restarts) == ("durable", 0)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(conditions(), min_size=20, max_size=40), st.lists(situations_of_all_kinds(), min_size=20, max_size=40))
def test_generated_rules_are_judged_in_the_child_as_by_closures(rules, facts):
    questions = {QUESTION: [(f"rule {n}", rule) for n, rule in enumerate(rules)]}
    batch = [(QUESTION, one) for one in facts]
    matcher = SupervisedMatcher(questions)
    try:
        assert matcher.match(batch) == ClosureMatcher(questions).match(batch)
        assert matcher.engine == "durable"
    finally:
        matcher.close()


def test_the_child_dies_with_its_parent():
    script = (
        "import os, signal\n"
        "from tideng_rules.engine.supervisor import SupervisedMatcher\n"
        "print(SupervisedMatcher({}).child_pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    child = int(parent.stdout)
    assert parent.returncode == -signal.SIGKILL
    assert until(lambda: not _runs(child), 5)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_closed_matcher_still_judges(visits_rules):
    matcher = SupervisedMatcher(visits_rules(3))
    pid = matcher.child_pid
    matcher.close()
    assert not _runs(pid)
    assert matcher.match(situations(6, 3)) == expected(6, 3)
    assert matcher.engine == "closures"
