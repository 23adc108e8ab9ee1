"""The data of the editor's form: names to choose from, problems with their places, and estimates in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.plugin import Directory, Problem, choose_text, problem_in_json
from tideng_admin.screens import ICONS, locale, web
from tideng_processes.document.model import (
    ACCEPTED,
    FIELD_TYPES,
    MOST_IDEAS,
    OPERATORS,
    PAPER_KINDS,
    Node,
    OwnerChoice,
)
from tideng_processes.document.sentences import role_words
from tideng_processes.measurement.estimates import WINDOWS, Estimate
from tideng_processes.measurement.statistics import FEW
from tideng_processes.screens.shared import processes

NEW = "-"
"""Stands in an address for a process that does not exist yet: no process has this id."""


def choices_for(process: str, directory: Directory) -> dict[str, Any]:
    """The names that the form offers to choose from, with their titles."""
    events, name = web().deployment.catalogue.event_types, locale()
    asked = [one.name for of in processes().all() for node in of.definition.nodes.values() for one in _roles_of(node)]
    roles = sorted({*directory.roles, *asked, "hr"})
    return {
        "positions": [{"id": one.id, "title": one.name} for one in directory.positions.values()],
        "roles": [{"id": id, "title": choose_text(role_words(id), name)[0]} for id in roles],
        "events": [{"id": id, "title": choose_text(one.title, name)[0]} for id, one in sorted(events.items())],
        "icons": list(ICONS),
        "fieldTypes": list(FIELD_TYPES),
        "processes": [
            {"id": one.definition.id, "title": choose_text(one.definition.title, name)[0]} for one in processes().all()
        ],
        "paperKinds": list(PAPER_KINDS),
        "mostIdeas": MOST_IDEAS,
        "accepted": list(ACCEPTED),
        "operators": list(OPERATORS),
        "taken": [one.definition.id for one in processes().all() if one.definition.id != process],
    }


def _roles_of(node: Node) -> list[OwnerChoice]:
    """The roles that own a part of a step, held by somebody or not."""
    return [one for part in node.parts for one in part.owners if one.kind == "role"]


def id_problems(process: str, document: Mapping[str, Any]) -> list[Problem]:
    """The problems of a document's id: a process keeps its id, and a new one takes an id that is free."""
    id = document.get("id")
    if process != NEW and id != process:
        return [Problem("id", "process-keeps-id", {"id": process})]
    if process == NEW and processes().latest(str(id)) is not None:
        return [Problem("id", "process-id-taken")]
    return []


def estimate_words(of: Estimate) -> str:
    """An estimate in words: how many steps it is based on, and what it leaves out."""
    days, n = WINDOWS[-1], of.n
    if not of.told:
        return ngettext(
            "The last %(days)s days have %(num)s to count; an estimate needs %(few)s.",
            "The last %(days)s days have %(num)s to count; an estimate needs %(few)s.",
            n,
            days=days,
            few=FEW,
        )
    by = _("Based on the newest %(n)s of the last %(days)s days:", n=n, days=days) if of.sampled else _("Based on the %(n)s of the last %(days)s days:", n=n, days=days)  # fmt: skip
    after = f"{round(100 * of.after / n)}%"
    if of.before is None:
        said = _("%(after)s would have been in time.", after=after)
    else:
        said = _("in time from %(before)s to %(after)s.", before=f"{round(100 * of.before / n)}%", after=after)
    doubt = _("This is an estimate: people may plan by the new deadline.")
    owner = _("The owner changes as well; the estimate does not include that.") if of.owner else ""
    return (" " if locale() == "en" else "").join(filter(None, (by, said, doubt, owner)))


def problem_json(problem: Problem) -> dict[str, Any]:
    return problem_in_json(problem, locale()) | {"at": problem.at}
