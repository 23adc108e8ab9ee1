"""Which step follows: the machine says what the document says."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideng.base.errors import Refused
from tideng_processes.cases.state_machine import Machine
from tideng_processes.document.model import Definition
from tideng_processes.document.parser import parse_process
from tideng_processes.publication.registry import read_definitions

ROOT = Path(__file__).parents[4]
FOLDERS = [*ROOT.glob("plugins/*/tideng_*/definitions"), *ROOT.glob("clients/*/processes")]
T = {"zh": "字", "en": "word"}
COMPARED = {"lt": lambda a, b: a < b, "gte": lambda a, b: a >= b, "is": lambda a, b: a == b}


def definitions() -> list[Definition]:
    found = []
    for folder in FOLDERS:
        processes, problems = read_definitions(folder)
        assert problems == []
        found += processes
    return found


def follows(document: Mapping[str, Any], node: str, outcome: str, data: Mapping[str, Any]) -> str:
    """The reference: what the document says, read by hand."""
    ways = document["nodes"][node]["outcomes"][outcome]["to"]
    if isinstance(ways, str):
        return ways
    for way in ways:
        ((op, operand),) = [(k, v) for k, v in way.get("if", {"is": None, "field": ""}).items() if k != "field"]
        value = data.get(way["if"]["field"]) if "if" in way else None
        if "if" not in way or (value is not None and COMPARED[op](value, operand)):
            return str(way["to"])
    raise AssertionError("the last way has no condition")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Processes of up to six steps whose outcomes lead anywhere, some of them by a condition."""
    nodes = [f"n{number}" for number in range(draw(st.integers(1, 6)))]
    anywhere = st.sampled_from([*nodes, "done", "left"])
    asked = st.builds(
        lambda op, operand: {"field": "sum", op: operand}, st.sampled_from([*COMPARED]), st.integers(0, 9)
    )
    branch = st.builds(lambda when, to: {"if": when, "to": to}, asked, anywhere)
    routes = anywhere | st.builds(
        lambda some, last: [*some, {"to": last}], st.lists(branch, min_size=1, max_size=3), anywhere
    )
    outcomes = st.dictionaries(st.sampled_from("abcd"), routes, min_size=1)
    return {
        "id": "drawn",
        "title": T,
        "fields": {"sum": {"type": "number", "title": T}},
        "nodes": {
            name: {
                "title": T,
                "owner": "person",
                "outcomes": {one: {"title": T, "to": to} for one, to in draw(outcomes).items()},
            }
            for name in nodes
        },
        "ends": {"done": {"title": T}, "left": {"title": T, "good": False}},
    }


sums = st.fixed_dictionaries({}, optional={"sum": st.integers(0, 9)})


@settings(max_examples=150, deadline=None)
@given(documents(), st.lists(st.tuples(st.integers(0, 9), sums), max_size=12))
def test_every_walk_goes_as_the_document_says_and_never_leaves_it(document, choices):
    machine, node = Machine(parse_process(document)), "n0"
    for choice, data in choices:
        if machine.is_end(node):
            assert machine.ways(node) == ()
            break
        ways = machine.ways(node)
        assert [one.id for one in ways] == list(document["nodes"][node]["outcomes"])
        outcome = ways[choice % len(ways)].id
        after = machine.advance(node, outcome, data)
        assert after == follows(document, node, outcome, data)
        assert after in document["nodes"] or machine.is_end(after)
        node = after


@pytest.mark.parametrize("definition", definitions(), ids=lambda one: one.id)
def test_every_step_of_what_is_shipped_leads_where_one_of_its_routes_says(definition):
    machine = Machine(definition)
    for node in definition.nodes.values():
        for outcome in machine.ways(node.id):
            assert machine.advance(node.id, outcome.id, {}) in {route.to for route in outcome.routes}


def a_machine() -> Machine:
    outcomes = {"go": {"title": T, "to": [{"if": {"field": "sum", "gte": 5}, "to": "boss"}, {"to": "done"}]}}
    boss = {"title": T, "owner": "head", "outcomes": {"agree": {"title": T, "to": "done"}}}
    nodes = {"ask": {"title": T, "owner": "person", "outcomes": outcomes}, "boss": boss}
    fields = {"sum": {"type": "number", "title": T}}
    return Machine(
        parse_process({"id": "p", "title": T, "fields": fields, "nodes": nodes, "ends": {"done": {"title": T}}})
    )


def test_a_condition_is_asked_of_what_was_filled_in():
    machine = a_machine()
    assert machine.advance("ask", "go", {"sum": 5}) == "boss"
    assert machine.advance("ask", "go", {"sum": 4}) == "done"
    assert machine.advance("ask", "go", {}) == "done"


@pytest.mark.parametrize(("node", "outcome"), [("ask", "agree"), ("done", "go"), ("nowhere", "go"), ("ask", "state")])
def test_a_way_that_a_step_does_not_have_is_refused(node, outcome):
    with pytest.raises(Refused, match="there is no way"):
        a_machine().advance(node, outcome, {})


def test_one_machine_serves_many_threads():
    machine = a_machine()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: machine.advance("ask", "go", {"sum": n % 10}), range(4000)))
    assert found == ["boss" if n % 10 >= 5 else "done" for n in range(4000)]
