"""A rule document, checked for the one who writes it: its problems, its sentences, and what its examples give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app

from tideng_admin.operations import problem_of
from tideng_admin.web import LANGUAGES, web
from tideng_rules.check import Checked, Others, check_document
from tideng_rules.plugin import RulesPlugin


def checked(document: Mapping[str, Any]) -> Checked:
    """What the check says of a document beside all the rules in force, the one whose id it has left out."""
    here = web()
    directory = here.directory()
    return check_document(document, here.deployment.catalogue, directory, _others(), tuple(LANGUAGES))


def _others() -> Others:
    """The rules in force, sorted once for as long as they stay the same: a draft is checked at every save."""
    plugin = web().deployment.plugins.get("rules")
    book = plugin.book if isinstance(plugin, RulesPlugin) else None
    kept = current_app.extensions.get("tideng_others")
    if kept is None or kept[0] is not book:
        kept = book, Others([one.rule for one in book.rules.values()] if book else [])
        current_app.extensions["tideng_others"] = kept
    return kept[1]


def checked_json(found: Checked) -> dict[str, Any]:
    """The same for programs."""
    examples = [
        {"name": one.example.name, "expect": list(one.example.expect), "got": list(one.got), "passed": one.passed}
        for one in found.outcomes
    ]
    problems = [problem_of(problem) for problem in found.problems]
    return {"ok": not found.errors, "problems": problems, "sentence": dict(found.sentences), "examples": examples}
