"""The processes that are shipped: each can be read, fits together, speaks both languages, and speaks kindly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tideng.base.clock import ManualClock
from tideng.client.bundle import read_bundle
from tideng.runtime.deployment import Deployment
from tideng_processes.document.check import check_process
from tideng_processes.document.model import Definition, Node
from tideng_processes.publication.registry import read_definitions
from tideng_rules.check.tone import problems_of

ROOT = Path(__file__).parents[4]
LAMPLIGHT = ROOT / "clients" / "lamplight"
CORE = {
    "trip", "claim", "daily_report", "customer_followup", "leave", "attendance_correction", "onboarding", "transfer",
    "offboarding", "sample_request", "complaint", "monthly_review",
}  # fmt: skip
FOLDERS = sorted(ROOT.glob("plugins/*/tideng_*/definitions"))
PROCESSES = [one for folder in FOLDERS for one in read_definitions(folder)[0]]
every_process = pytest.mark.parametrize("process", PROCESSES, ids=lambda one: one.id)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    """The sample client as its files say it, without a database."""
    return Deployment.in_memory(read_bundle(LAMPLIGHT), ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))


def texts(said: Any, at: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of a document with its place."""
    if isinstance(said, dict) and "zh" in said:
        yield at, said
    elif isinstance(said, dict):
        for name, one in said.items():
            yield from texts(one, f"{at}.{name}".lstrip("."))
    elif isinstance(said, list):
        for number, one in enumerate(said):
            yield from texts(one, f"{at}[{number}]")


def joint(process: Definition) -> list[Node]:
    return [node for node in process.nodes.values() if node.joint]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.parent.name)
def test_each_can_be_read(folder):
    assert list(map(str, read_definitions(folder)[1])) == []


def test_the_twelve_are_there():
    assert CORE - {one.id for one in PROCESSES} == set()


def test_no_two_have_one_name():
    names = [one.id for one in PROCESSES]
    assert len(names) == len(set(names))


@every_process
def test_its_parts_fit_together_and_fit_the_sample_client(process, deployment):
    directory = deployment.plugins.first("directory", connection=None)
    assert len(directory) > 100
    assert list(map(str, check_process(process, deployment.catalogue, directory))) == []


@every_process
def test_every_text_is_there_in_both_languages_and_nobody_is_blamed(process):
    said = list(texts(dict(process.document)))
    assert len(said) > 10
    lacking = [at for at, text in said if not {"zh", "en"} <= text.keys()]
    harsh = [
        str(problem)
        for at, text in said
        for locale, words in text.items()
        for problem in problems_of(words, locale, at)
        if problem.code != "long"
    ]
    assert (lacking, harsh) == ([], [])


@every_process
def test_in_chinese_one_says_nin(process):
    assert [at for at, text in texts(dict(process.document)) if "你" in text["zh"]] == []


@every_process
def test_what_somebody_else_waits_for_has_a_deadline(process):
    """The one whom it is about may take their time; whoever keeps others waiting knows until when."""
    own = {"person", "starter"}
    endless = [
        node.id
        for node in process.nodes.values()
        if node.deadline is None and any(choice.kind not in own for part in node.parts for choice in part.owners)
    ]
    assert endless == []


@every_process
def test_one_who_says_no_says_a_word_with_it(process):
    """Whoever owns a step of somebody else's case and sends it back or ends it says why."""
    own = {"person", "starter"}
    wordless = [
        f"{node.id}.{outcome.id}"
        for node in process.nodes.values()
        if {choice.kind for part in node.parts for choice in part.owners} - own
        for outcome in node.outcomes
        if not outcome.good and not outcome.note
    ]
    assert wordless == []


@every_process
def test_its_first_step_is_of_whoever_begins_it(process):
    assert {choice.kind for part in process.first.parts for choice in part.owners} <= {"person", "starter"}
    assert process.first.form


def test_several_steps_are_done_together():
    together = {process.id: [node.id for node in joint(process)] for process in PROCESSES if joint(process)}
    assert together["customer_followup"] == ["proposal"]
    assert together["offboarding"] == ["hand_over"]
    assert len(together) >= 6


def test_a_customer_hears_within_24_hours_48_hours_and_7_days():
    followup = next(one for one in PROCESSES if one.id == "customer_followup")
    times = {
        node.id: (str(node.deadline.within), node.deadline.working) for node in followup.nodes.values() if node.deadline
    }
    assert times == {"answer": ("24 hours", False), "proposal": ("48 hours", False), "follow_up": ("7 days", False)}


def test_what_is_health_or_feeling_is_for_few_eyes():
    """Kinds of leave, reasons to go, what was said in talks."""
    fields = {f"{one.id}.{name}": spec for one in PROCESSES for name, spec in one.fields.items()}
    private = [
        "leave.kind", "leave.reason", "leave.papers", "offboarding.why", "offboarding.words", "offboarding.could_help",
        "offboarding.learned", "onboarding.first_week", "onboarding.first_month", "transfer.wish", "transfer.settled",
    ]  # fmt: skip
    assert [name for name in private if not fields[name].sensitive] == []
