"""The words of the pages of processes and of their editor, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

import tideng_admin
import tideng_processes

HOME = Path(tideng_processes.__file__).parent
CORE = Path(tideng_admin.__file__).parent


def wordings(folder: Path) -> set[str]:
    """The English texts that have a Chinese one in a catalogue."""
    with (folder / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {one.id if isinstance(one.id, str) else one.id[0] for one in read_po(file) if one.id and one.string}


def said_by_pages() -> set[str]:
    """The English texts of every template and screen of the plugin."""
    files = [("jinja2", one) for one in (HOME / "templates").rglob("*.html")]
    files += [("python", one) for one in (HOME / "screens").glob("*.py")]
    found = [text for method, file in files for _line, text, *_more in extract_from_file(method, file)]
    return {one if isinstance(one, str) else one[0] for one in found}


def test_everything_that_the_pages_say_has_words_in_chinese():
    assert sorted(said_by_pages() - wordings(HOME) - wordings(CORE)) == []


def test_what_the_editor_says_is_there_in_both_languages():
    words = Path(__file__).parents[4] / "plugins" / "processes" / "frontend" / "editor" / "words"
    chinese, english = (json.loads((words / f"{one}.json").read_text("utf-8")) for one in ("zh", "en"))
    assert {one.removesuffix("_one") for one in english} == set(chinese)
