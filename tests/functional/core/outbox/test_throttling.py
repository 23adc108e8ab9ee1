"""docs/throttling.md stays true: each rule on the page is checked, and its story told on all three paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from story import BEIJING, an_event

from tideng.model.catalogue import Catalogue
from tideng_rules.check.run import check
from tideng_rules.document.parser import parse_rule
from tideng_rules.packaging.rule_files import read_rules

PAGE = Path(__file__).parents[4] / "docs" / "throttling.md"
_BLOCK = re.compile(r"(?:<!-- story: (?P<story>.*?) -->\n)?```yaml\n(?P<rule>.*?)```", re.DOTALL)
_NEEDS = {"raised": "need.raised", "answered": "need.answered", "followed": "followup.recorded"}


class Told(NamedTuple):
    """A rule of the page, what happens in its story, and when the rule speaks."""

    id: str
    rule: str
    happens: list[str]
    speaks: list[str]


def _page() -> list[Told]:
    found = []
    for block in _BLOCK.finditer(PAGE.read_text("utf-8")):
        happens, _, speaks = (block["story"] or "").partition(" -> ")
        name = re.search(r"^id: (\S+)", block["rule"], re.MULTILINE)
        found.append(Told(name[1] if name else "", block["rule"], happens.split(", "), speaks.split(", ")))
    return found


def _event(said: str):
    """``10:00 a`` is a visit to customer a; ``10:00 raised n1`` the first step of need n1."""
    when, *rest = said.split()
    if len(rest) == 1:
        return an_event("visit.completed", f"2026-03-02 {when}", customer=rest[0])
    return an_event(_NEEDS[rest[0]], f"2026-03-02 {when}", need=rest[1])


@pytest.mark.parametrize("told", _page(), ids=lambda told: told.id)
def test_each_rule_of_the_page_does_what_its_story_says(story, told):
    story.rule(told.rule)
    found = story.findings(*map(_event, told.happens), start="2026-03-02 08:00", until="2026-03-02 22:00")
    assert [f"{one.at.astimezone(BEIJING):%H:%M}" for one in found] == told.speaks


@pytest.mark.parametrize("told", _page(), ids=lambda told: told.id)
def test_each_rule_of_the_page_passes_the_check_and_its_examples(a_deployment, told):
    deployment = a_deployment()
    catalogue: Catalogue = deployment.catalogue
    rules = [parse_rule(document, catalogue) for document in read_rules(told.rule)]
    assert [str(problem) for problem in check(rules, catalogue) if problem.severity == "error"] == []


def test_every_block_of_the_page_tells_a_story_and_all_four_are_there():
    page = _page()
    assert len(page) == PAGE.read_text("utf-8").count("```yaml")
    assert all(told.id and told.happens != [""] for told in page)
    text = PAGE.read_text("utf-8")
    for word in ("once_within", "once_after", "accumulate_within", "not_all"):
        assert f"## {word}" in text
