"""A rule document, checked for the one who writes it: its problems and how to mend them, its sentences with their places, its
messages as they would be read, and what its examples give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from tideng.base.catalogues import languages
from tideng.base.errors import InvalidRule, Problem
from tideng.store.database import reading
from tideng_admin.api.callers import Stop
from tideng_admin.api.operations import problem_of
from tideng_admin.request.context import asked_locale, web
from tideng_rules.authoring.fixes import Fix, mended
from tideng_rules.check.run import Checked, Checker
from tideng_rules.document.model import Rule
from tideng_rules.engine.rulebook import Published
from tideng_rules.lifecycle import store
from tideng_rules.lifecycle.publishing import rules_in_force
from tideng_rules.packaging.rule_files import read_user_document
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
    """Check a document as publishing does, beside all the rules in force except the one whose id it has."""
    return checker().check(document, web().directory(), languages())


def checker() -> Checker:
    """The checker of the rules in force, prepared once for as long as they stay the same: a draft is checked at every save."""
    here = web().deployment
    with reading(here.engine) as connection:
        revision = store.revision(connection)
        kept = current_app.extensions.get("tideng_checker")
        if kept is None or kept[0] != revision or kept[1] is not here.catalogue:
            rules = rules_in_force(connection, here.catalogue, _parsed())
            kept = revision, here.catalogue, Checker(rules, here.catalogue)
            current_app.extensions["tideng_checker"] = kept
    return kept[2]


def judged_beside(rule: str) -> list[Rule]:
    """The rules that are judged beside one of this id: those in force without the paused ones."""
    return [one.rule for one in _published() if one.rule.id != rule]


def _parsed() -> Mapping[tuple[str, int], Rule]:
    """The versions that this process has parsed already, by (rule, version)."""
    return {(one.rule.id, one.version): one.rule for one in _published()}


def _published() -> Collection[Published]:
    plugin = web().deployment.plugins.get("rules")
    book = plugin.book if isinstance(plugin, RulesPlugin) else None
    return book.rules.values() if book else ()


def checked_json(found: Checked, document: Mapping[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    catalogue = web().deployment.catalogue
    fixes = mended(document, found, catalogue, lambda changed: checked(changed).problems)
    problems = [_problem(problem, of) for problem, of in zip(found.problems, fixes, strict=True)]
    problems += [_problem(problem, ()) for problem in found.elsewhere]  # fixes change this document alone
    examples = [
        {"name": one.example.name, "expect": list(one.example.expect), "got": list(one.got), "passed": one.passed}
        for one in found.outcomes
    ]
    rule = found.rule
    return {
        "ok": not found.errors,
        "problems": problems,
        "sentence": dict(found.sentences),
        "parts": {one: [_part(part) for part in sentence_parts(rule, one, catalogue)] for one in languages()}
        if rule
        else {},
        "examples": examples,
        "messages": [asdict(one) for one in sample_messages(rule, catalogue, languages())] if rule else [],
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
