"""Every code that the code base raises has words in every language, with the same parameters; and no words are left over."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from tests.test_layout import ROOT
from tests.unit.core.base.code_sites import Site, sites
from tideng.base import parse_errors, problems, words
from tideng.base.settings import SETTINGS
from tideng_rules.check.tone import HARSH

LANGUAGES = ("en", "zh")
PACKAGES = (
    "platform/core/tideng",
    "rules/tideng_rules",
    "admin/tideng_admin",
    *(
        f"plugins/{name}/tideng_{name}"
        for name in ("connectors", "followup", "orgchart", "processes", "reports", "travel")
    ),
)
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PASSED_ON = re.compile(r"code|\w+(\.\w+|\[\d+\])*\.code|str\(messages?\)|str\(row.*|value\['code'\]|f['\"]setting-.*")
"""Codes that a function passes on, or that stand in a message already."""
COUNTED_ELSEWHERE = {
    *parse_errors.codes(),
    *(code for _, code in HARSH),
    *(f"setting-{one.name.replace('_', '-')}" for one in SETTINGS),
    problems.OLD_FORM,
    "value-missing", "value-null", "object-null", "object-needed",  # through marshmallow, which takes texts alone
}  # fmt: skip


@cache
def all_sites() -> tuple[Site, ...]:
    return tuple(sites(*(ROOT / package for package in PACKAGES)))


def used() -> set[str]:
    return {code for site in all_sites() for code in site.codes} | COUNTED_ELSEWHERE


def test_the_places_that_make_problems_are_found():
    assert len(all_sites()) > 500
    assert len(used()) > 450


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language):
    said = words.language(language).entries
    lacking = {code: site.where for site in all_sites() for code in site.codes if code not in said}
    assert lacking == {}
    assert sorted(COUNTED_ELSEWHERE - said.keys()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_left_over(language):
    assert sorted(words.language(language).entries.keys() - used()) == []


def test_a_code_is_a_literal_where_it_is_made_and_a_noun_in_small_letters():
    assert [
        f"{one.where} {one.what}" for one in all_sites() if not one.codes and not PASSED_ON.fullmatch(one.what)
    ] == []
    assert sorted(code for code in used() if not CODE.fullmatch(code)) == []


def test_the_languages_say_the_same_codes_with_the_same_parameters_in_the_same_way():
    first, *others = (words.language(one).entries for one in LANGUAGES)
    for other in others:
        assert first.keys() ^ other.keys() == set()
        assert {
            code: (first[code].slots, other[code].slots) for code in first if first[code].slots != other[code].slots
        } == {}


def test_the_parameters_in_the_sentences_are_those_that_the_code_gives():
    said = words.language("en").entries
    given: dict[str, set[frozenset[str]]] = {}
    for site in all_sites():
        for code in site.codes:
            if site.params is not None and len(site.codes) == 1:
                given.setdefault(code, set()).add(site.params)
    unfilled = {
        code: sorted({slot.name for slot in said[code].slots} - params)
        for code, several in given.items()
        for params in several
        if {slot.name for slot in said[code].slots} - params
    }
    assert unfilled == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_and_every_slot_has_a_type_that_is_known(language):
    for code, entry in words.language(language).entries.items():
        assert any(isinstance(part, words.Slot) or part.strip() for part in entry.says.parts), code
        assert {slot.type for slot in entry.slots} <= problems.SLOT_TYPES, code


def test_a_code_belongs_to_one_package():
    owned = Counter(code for folder in words.folders() for code in words.read(folder / "en.yaml").get("problems", {}))
    assert [code for code, times in owned.items() if times > 1] == []


def test_no_code_chooses_by_the_english_words_of_a_problem():
    """A fix, a screen and a caller choose by the code and its parameters; the words are for people."""
    chosen = re.compile(
        r"""(\bin|==|!=)\s*\w+\.(problem|hint)\b|\.(problem|hint)\s*(==|!=|\bin\b)"""
        r"""|\.(problem|hint)\.(startswith|endswith|partition|removeprefix|split|find|index)\b"""
        r"""|re\.\w+\([^\n]*\.(problem|hint)\b|\.(search|match|fullmatch)\(\w+\.(problem|hint)\b"""
    )
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if chosen.search(line) and "error.problem" not in line  # PyYAML's
    ]
    assert found == []
