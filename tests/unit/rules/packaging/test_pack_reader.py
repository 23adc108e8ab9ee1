"""Packs with parameters, and a client's whole set of rules."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.rules.builders import a_document
from tideng.base.errors import InvalidBundle, InvalidRule
from tideng.client.bundle import read_bundle
from tideng_rules.packaging.reader import fill_pack, load_rules_of, sources_of


def a_pack(**parameters):
    return {
        "pack": "p",
        "parameters": parameters,
        "rules": [{"id": "a", "within": "${n} hours", "lt": "${n}", "to": "${x}"}],
    }


def refusal(pack, **given) -> str:
    with pytest.raises(InvalidRule) as caught:
        fill_pack(pack, given)
    return str(caught.value)


def a_client(tmp_path, client="", **files):
    (tmp_path / "rules").mkdir()
    (tmp_path / "client.yaml").write_text("client: test\n" + client)
    for name, documents in files.items():
        (tmp_path / "rules" / f"{name}.yaml").write_text(yaml.safe_dump_all(documents))
    return read_bundle(tmp_path)


def test_a_parameter_fills_texts_and_keeps_its_type_where_it_stands_alone():
    pack = a_pack(n={"type": "integer", "default": 24}, x={"type": "text", "default": "hr"})
    assert fill_pack(pack, {"n": 48}) == [{"id": "a", "within": "48 hours", "lt": 48, "to": "hr"}]


def test_everything_wrong_with_the_parameters_is_said_at_once():
    pack = a_pack(n={"type": "integer", "min": 1, "max": 9, "unit": "hours"}, y={"type": "time", "default": "25:00"})
    said = refusal(pack, n=10, m=3)
    assert "10 is not between 1 and 9 hours" in said
    assert "the pack has no such parameter" in said
    assert "'25:00' is not a time" in said
    assert "there is no parameter 'x'" in said
    assert "rules[0].to" in said


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", 1.5),
        ("integer", True),
        ("number", "1"),
        ("text", 1),
        ("boolean", "yes"),
        ("duration", "soon"),
        ("money", 1),
    ],
)
def test_a_parameter_of_the_wrong_type_is_refused(kind, value):
    assert "parameters.n" in refusal(a_pack(n={"type": kind, "default": value}, x={"type": "text", "default": ""}))


def test_the_clients_own_rule_overrides_the_shipped_one_of_the_same_id(tmp_path):
    own = a_document(id="daily-report-missing", when={"every": "workday", "at": "18:00"}, examples=None)
    bundle = a_client(
        tmp_path, "packs: [{name: travel-sales, parameters: {claim_days: 3}}]\n", own=[own, a_document(id="mine")]
    )
    rules = {rule.id: rule for rule in load_rules_of(bundle)}
    assert rules["daily-report-missing"].trigger.at.hour == 18
    assert str(rules["claim-not-submitted"].trigger.within) == "3 days"
    assert "mine" in rules
    origins = {source.rule.id: source.origin for source in sources_of(bundle)}
    assert origins["mine"] == "rules/own.yaml"
    assert origins["needs-too-short"] == "pack travel-sales"


def test_everything_wrong_with_a_clients_rules_is_said_at_once(tmp_path):
    packs = "packs: [{name: travel-sale}, {name: travel-sales, version: 99, parameters: {claim_day: 3}}]\n"
    bad = a_document(id="bad", kind="nudge")
    bundle = a_client(tmp_path, packs, one=[a_document(id="same"), bad], two=[a_document(id="same")])
    with pytest.raises(InvalidBundle) as caught:
        load_rules_of(bundle)
    said = str(caught.value)
    assert "did you mean 'travel-sales'?" in said
    assert "travel-sales 99 is not there" in said
    assert "did you mean 'claim_days'?" in said
    assert "rules/one.yaml, bad: kind" in said
    assert "rule 'same' is also in rules/one.yaml" in said
