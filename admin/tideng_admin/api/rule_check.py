"""A rule document, checked for the one who writes it: its problems and how to mend them, its sentences with their places, its
messages as they would be read, and what its examples give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from tideng.base.errors import InvalidRule, Problem
from tideng_admin.api.callers import Stop
from tideng_admin.api.operations import problem_of
from tideng_admin.request.context import LANGUAGES, asked_locale, web
from tideng_rules.authoring.fixes import Fix, mended
from tideng_rules.check.run import Checked, Others, check_document
from tideng_rules.document.reader import read_user_document
from tideng_rules.plugin import RulesPlugin
from tideng_rules.wording.sample_messages import sample_messages
from tideng_rules.wording.sentence_places import sentence_parts

TONE = ("harsh", "long", "punishes")
"""Codes of problems with how something is said."""


def document_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one rule in a body, from JSON or from YAML. Raises `InvalidRule` with the line of what cannot be read."""
    if "document" in body:
        return body["document"]
    found = read_user_document(body["yaml"])
    if len(found) != 1:
        raise Stop(400, _("One rule at a time, and there are %(n)s in it.", n=len(found)))
    return found[0]


def checked(document: Mapping[str, Any]) -> Checked:
    """What the check says of a document beside all the rules in force, the one whose id it has left out."""
    here = web()
    directory = here.directory()
    return check_document(document, here.deployment.catalogue, directory, others(), tuple(LANGUAGES))


def others() -> Others:
    """The rules in force, sorted once for as long as they stay the same: a draft is checked at every save."""
    plugin = web().deployment.plugins.get("rules")
    book = plugin.book if isinstance(plugin, RulesPlugin) else None
    kept = current_app.extensions.get("tideng_others")
    if kept is None or kept[0] is not book:
        kept = book, Others([one.rule for one in book.rules.values()] if book else [])
        current_app.extensions["tideng_others"] = kept
    return kept[1]


def checked_json(found: Checked, document: Mapping[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    catalogue = web().deployment.catalogue
    fixes = mended(document, found, catalogue, lambda changed: checked(changed).problems)
    problems = [_problem(problem, of) for problem, of in zip(found.problems, fixes, strict=True)]
    examples = [
        {"name": one.example.name, "expect": list(one.example.expect), "got": list(one.got), "passed": one.passed}
        for one in found.outcomes
    ]
    rule = found.rule
    return {
        "ok": not found.errors,
        "problems": problems,
        "sentence": dict(found.sentences),
        "parts": {one: [_part(part) for part in sentence_parts(rule, one, catalogue)] for one in LANGUAGES}
        if rule
        else {},
        "examples": examples,
        "messages": [asdict(one) for one in sample_messages(rule, catalogue, tuple(LANGUAGES))] if rule else [],
        "tone": tone([one for one in problems if one["code"] in TONE]),
    }


def unread_json(error: InvalidRule) -> dict[str, Any]:
    """The answer for a text that is no document at all."""
    problems = [_problem(problem, ()) for problem in error.problems]
    empty: dict[str, Any] = {"sentence": {}, "parts": {}, "examples": [], "messages": [], "tone": tone([])}
    return {"ok": False, "problems": problems, **empty}


def tone(findings: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether it sounds right, and what does not."""
    return {"ok": not findings, "findings": findings}


def _problem(problem: Problem, fixes: tuple[Fix, ...]) -> dict[str, Any]:
    language = asked_locale()
    offered = [{"title": one.title[language], "place": one.place, "value": one.value} for one in fixes]
    return problem_of(problem) | {"fixes": offered}


def _part(part: Any) -> dict[str, str]:
    return {"text": part.text, "place": part.place} if part.place else {"text": part.text}
