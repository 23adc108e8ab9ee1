"""Forms that people fill in: questions from plugins before a form is accepted, and values filled in beforehand.

A form is one step of a process, or a report. The page that shows it asks all plugins through the hooks `check_form` and
`fill_form`. They are asked again inside the transaction that accepts the form, so that nothing depends on what a
browser sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tideng.base.errors import Problem
from tideng.base.problems import Sentence
from tideng.model.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.org.directory import Directory
    from tideng.runtime.deployment import Deployment

MUST, SHOULD = "must", "should"
"""Severity of an `Asked`: MUST keeps the form from being accepted, SHOULD does not."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form on its way in. `name`: ``PROCESS.NODE`` (``trip.request``). `person`: whom it is about. `by`: who fills
    it in. `data`: field → plain value; empty fields are missing. `outcome`: the chosen outcome, '' while it is being
    written. `at`: the moment for which it counts (UTC); for a form written offline, when it was written. `case`: its
    case, '' before there is one. `papers`: field → ids of its files. `event_type`: the event emitted when it is
    accepted, '' for none."""

    name: str
    person: str
    by: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = ""
    case: str = ""
    papers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    event_type: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What should be added before a form is accepted. `field`: '' for the whole form. `message`: a text in zh and en, or the phrase of a problem.
    `severity`: MUST keeps the form from being accepted, SHOULD does not. `rule`: the rule that asks, if one does.
    `least`: how many characters or items of the field would be enough, when that is the question; else 0."""

    field: str
    message: Text | Sentence
    severity: str = MUST
    rule: str = ""
    least: int = 0

    def problem(self) -> Problem:
        """What is asked, as a problem of the field."""
        severity = "error" if self.severity == MUST else "warning"
        if isinstance(self.message, Sentence):
            return Problem(self.field, self.message.code, self.message.params, severity)
        return Problem(self.field, "asked-by-a-rule", {"message": self.message}, severity)


@dataclass(frozen=True, slots=True)
class Filled:
    """A value filled in beforehand. `source`: where it comes from, as shown beside the field (“来自行程”)."""

    value: Any
    source: Text


def check_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> list[Asked]:
    """Collect what all plugins want added to `form`: MUST first, otherwise in the order in which plugins were
    loaded."""
    parts = deployment.plugins.call("check_form", form=form, connection=connection, directory=directory, now=now)
    found = [one for part in parts for one in part]
    return sorted(found, key=lambda one: one.severity != MUST)


def fill_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> dict[str, Filled]:
    """Collect the values that plugins fill into an empty `form`: field → value; the first plugin wins."""
    found: dict[str, Filled] = {}
    for part in deployment.plugins.call("fill_form", form=form, connection=connection, directory=directory, now=now):
        for name, value in part.items():
            found.setdefault(name, value)
    return found


def accept_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> list[Asked]:
    """Tell all plugins that `form` is accepted. The caller rolls back when this returns anything."""
    parts = deployment.plugins.call("form_accepted", form=form, connection=connection, directory=directory, now=now)
    return [one for part in parts for one in part if one.severity == MUST]
