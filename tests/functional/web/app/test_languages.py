"""A language is added with catalogues alone: two that nobody speaks show what does not come through one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel import Locale

from tests import pseudo
from tests.functional.web.app.test_pages import FREE, every_page, words
from tideng.base import catalogues

NAMES = r"|Bearer|Authorization|Cancel|tideng|Tideng|\w+\.\w+(?:\.\w+)*"
"""Words of programs and the client's own names, which no catalogue translates."""


WITH_PROBLEMS = ("/dead-letters/", "/drafts/")
"""Pages that show problems, whose words have catalogues of their own, by code."""


def of_cldr() -> set[str]:
    """The names of months, days and the languages that people read, which CLDR gives."""
    known = Locale(pseudo.ACCENTED)
    return {known.languages["zh"], known.languages["en"]} | {
        word
        for names in (known.months, known.days)
        for widths in names.values()
        for width in widths.values()
        for word in width.values()
    }


@pytest.fixture(scope="module")
def added(tmp_path_factory) -> Iterator[None]:
    """The two languages, installed as a client's would be."""
    folder = pseudo.write_catalogues(tmp_path_factory.mktemp("translations"))
    patch = pytest.MonkeyPatch()
    patch.setenv(catalogues.VARIABLE, str(folder))
    yield
    patch.undo()


@pytest.fixture
def evening(added, story):
    story.said = story.an_evening()
    return story


def test_an_added_language_is_offered_by_its_own_name(added, story):
    page = story.visitor().get("/login/").text
    assert "Esperanto" in page
    assert "עברית" in page


def test_no_page_has_a_word_that_came_through_no_catalogue(evening):
    left: dict[str, set[str]] = {}
    browsers = {who: evening.as_(who, language=pseudo.ACCENTED) for who in ("hr", "admin", "zhang")}
    browsers["nobody"] = evening.visitor()
    browsers["nobody"].get(f"/language/{pseudo.ACCENTED}")
    for who, path in every_page(evening):
        if path.startswith(WITH_PROBLEMS):
            continue
        text = re.sub(r"[^\W\d_]*[^\W\d_A-Za-z][^\W\d_]*", " ", words(browsers[who].get(path).text))  # accented words
        text = re.sub(rf"\b(?:{FREE}{NAMES}|{'|'.join(of_cldr())})\b", " ", text)
        if found := set(re.findall(r"[A-Za-z]{3,}", text)):
            left[path] = found
    assert left == {}


def test_a_language_from_right_to_left_turns_the_page(evening):
    browser = evening.as_("hr", language=pseudo.MIRRORED)
    browser.get(f"/language/{pseudo.MIRRORED}")
    assert '<html lang="he-Hebr" dir="rtl"' in browser.get("/today/").text
    assert 'dir="rtl"' not in evening.as_("hr", language="zh").get("/today/").text
