"""Chinese has every word of the pages of forms and reports."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "plugins" / "processes" / "frontend"
SAID = re.compile(r"\b(?:_|ngettext)\(\s*(['\"])((?:(?!\1).)+)\1")


def in_chinese(*homes: Path) -> set[str]:
    found = set()
    for home in homes:
        with (home / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
            for one in read_po(file, locale="zh"):
                found.add(one.id[0] if isinstance(one.id, tuple) else one.id)
    return found


def test_every_word_of_forms_and_reports_is_said_in_chinese():
    processes, reports = ROOT / "plugins/processes/tideng_processes", ROOT / "plugins/reports/tideng_reports"
    known = in_chinese(ROOT / "admin/tideng_admin", processes, reports)
    files = [
        *(processes / "screens").glob("form*.py"),
        processes / "screens" / "begin.py",
        processes / "templates/processes/_form.html",
    ]
    files += [*processes.glob("templates/processes/form*.html"), *reports.glob("templates/reports/*.html")]
    said = {words[1] for file in files for words in SAID.findall(file.read_text("utf-8"))}
    assert len(said) > 80
    assert said - known == set()


def test_the_script_asks_for_no_word_that_the_page_does_not_bring():
    page = (ROOT / "plugins/processes/tideng_processes/templates/processes/_form.html").read_text("utf-8")
    brought = set(re.findall(r'"(\w+)": _\(', page))
    scripts = [SCRIPTS / "form.js", *(SCRIPTS / "form").glob("*.js")]
    wanted = {key for file in scripts for key in re.findall(r"\bsay\('(\w+)'", file.read_text("utf-8"))}
    assert len(wanted) > 20
    assert wanted - brought == set()
