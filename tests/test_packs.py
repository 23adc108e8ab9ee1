"""Every shipped rule runs its own examples, names only what exists, and speaks kindly in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideng.model.catalogue import Catalogue
from tideng.plugins.manager import Plugins
from tideng_rules.check.examples import run_example, run_examples
from tideng_rules.check.run import check
from tideng_rules.cli.check import find_problems
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.rulebook import Book, Published
from tideng_rules.packaging.reader import fill_pack, read_pack, shipped_packs

PACKS = sorted(shipped_packs())
CLIENTS = sorted(path.parent for path in (Path(__file__).parents[1] / "clients").glob("*/client.yaml"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    plugins = Plugins()
    assert [(s.name, s.error) for s in plugins.states if s.state != "on"] == []
    return plugins.catalogue


def rules_of(pack: str, catalogue: Catalogue, **parameters):
    return [parse_rule(document, catalogue) for document in fill_pack(read_pack(pack), parameters)]


def test_every_pack_in_the_folder_is_shipped():
    folder = Path(__file__).parents[1] / "rules" / "packs"
    assert sorted(path.stem for path in folder.glob("*.yaml")) == PACKS
    assert "travel-sales" in PACKS


@pytest.mark.parametrize("pack", PACKS)
def test_every_shipped_rule_passes_its_own_examples(pack, catalogue):
    rules = rules_of(pack, catalogue)
    book = Book(map(Published, rules), catalogue)
    failed = [
        f"{rule.id}: {outcome.example.name}: {outcome.got}"
        for rule in rules
        for outcome in run_examples(rule, book)
        if not outcome.passed
    ]
    assert failed == []
    assert all(rule.examples for rule in rules)


@pytest.mark.parametrize("pack", PACKS)
def test_every_shipped_rule_passes_the_check_without_a_warning(pack, catalogue):
    assert list(map(str, check(rules_of(pack, catalogue), catalogue))) == []


@pytest.mark.parametrize("client", CLIENTS, ids=lambda path: path.name)
def test_every_rule_of_a_sample_client_has_examples_and_passes_the_check_without_a_warning(client):
    sources, problems = find_problems(client, ())
    assert sources
    assert [source.rule.id for source in sources if not source.rule.examples] == []
    assert list(map(str, problems)) == []


def test_an_example_can_fail(catalogue):
    rule = next(rule for rule in rules_of("travel-sales", catalogue, needs_length=50) if rule.id == "needs-too-short")
    book = Book([Published(rule)], catalogue)
    assert next(outcome.passed for outcome in run_examples(rule, book)) is False
    assert run_example(rule, rule.examples[0], book) == ()


def test_a_parameter_moves_the_reminder(catalogue):
    rules = {rule.id: rule for rule in rules_of("travel-sales", catalogue, report_time="18:30", claim_days=3)}
    assert f"{rules['daily-report-missing'].trigger.at:%H:%M}" == "18:30"
    assert str(rules["claim-not-submitted"].trigger.within) == "3 days"
