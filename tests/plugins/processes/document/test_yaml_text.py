"""A process as text: what is written reads back the same, and what somebody typed is told where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from leaving import a_document

import tideng_processes
from tideng_processes.document.blank_process import blank_document
from tideng_processes.document.parser import parse_process
from tideng_processes.document.yaml_text import LONGEST, as_text, read_typed
from tideng_processes.publication.registry import read_definitions

PLUGINS = Path(tideng_processes.__file__).parents[2]
SHIPPED = sorted(one for one in PLUGINS.glob("*/tideng_*/definitions") if any(one.glob("*.yaml")))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.parent.name)
def test_every_shipped_process_reads_back_the_same_and_in_its_order(folder):
    for definition in read_definitions(folder)[0]:
        document, problems = read_typed(as_text(definition.document))
        assert (document, problems) == (definition.document, [])
        assert list(document["nodes"]) == list(definition.nodes)


@pytest.mark.parametrize("value", ["24:00", "on", "1.5e3", "~", "1", "", "- x: [", "#", "a\n b: c", "“”"])
def test_a_text_that_looks_like_something_else_stays_a_text(value):
    document = a_document() | {"about": {"zh": value, "en": value}}
    assert read_typed(as_text(document)) == (document, [])


def test_what_cannot_be_read_is_told_with_its_line():
    found, problems = read_typed("id: leave\nnodes: [")
    assert found is None
    assert problems[0].at.startswith("text line ")
    assert [one.problem for one in read_typed("- 1")[1]] == ["is not a process"]
    assert read_typed("x" * (LONGEST + 1))[1][0].problem == f"at most {LONGEST} characters"


def test_a_blank_process_needs_an_id_and_a_title_only():
    assert parse_process(blank_document() | {"id": "borrowing", "title": {"zh": "借用", "en": "Borrowing"}})
