"""Forms that people fill in: what plugins may say of one before it is accepted, and what they may fill in beforehand.

A form is one step of a process, or a report. Whoever shows it asks all plugins through the hooks `check_form` and `fill_form`;
whoever accepts it asks again, inside the transaction that keeps it, so that nothing depends on what a browser said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tideng.base.errors import Problem
from tideng.base.problems import Phrase
from tideng.model.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.org.directory import Directory
    from tideng.runtime.deployment import Deployment

MUST, SHOULD = "must", "should"
"""Severity of an `Asked`: MUST keeps the form from being accepted, SHOULD does not."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form on its way in. `name`: which one, ``PROCESS.NODE`` (``trip.request``); `person`: whom it is about, `by`: who
    fills it in; `data`: field → plain value, missing where nothing was said; `outcome`: which way it is to be handed in, ''
    while it is being written. `at`: the moment for which it counts (UTC), which for one that was written without a network
    is when it was written. `case`: of which case, '' before it is one; `papers`: ids of the files that go with it, by field.
    `event_type`: what is emitted when it is accepted, '' where nothing is.
    """

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
    """What somebody wants to be added before a form is accepted. `severity` MUST keeps it from being accepted, SHOULD does
    not. `field` is '' where it is about the whole form; `message` is a text per locale, or the message of a problem. `rule`: which rule asks, if one does.
    `least`: how many characters or items of the field would be enough, where that is what is asked; else 0.
    """

    field: str
    message: Text | Phrase
    severity: str = MUST
    rule: str = ""
    least: int = 0

    def problem(self) -> Problem:
        """What is asked, as a problem of the field."""
        severity = "error" if self.severity == MUST else "warning"
        if isinstance(self.message, Phrase):
            return Problem(self.field, self.message.code, self.message.params, severity)
        return Problem(self.field, "asked-by-a-rule", {"message": self.message}, severity)


@dataclass(frozen=True, slots=True)
class Filled:
    """A value that is filled in beforehand, and where it is from, as it stands beside the field (“来自行程”)."""

    value: Any
    source: Text


def check_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> list[Asked]:
    """What all plugins want to be added to `form`, MUST first; otherwise in the order in which they were loaded."""
    parts = deployment.plugins.call("check_form", form=form, connection=connection, directory=directory, now=now)
    found = [one for part in parts for one in part]
    return sorted(found, key=lambda one: one.severity != MUST)


def fill_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> dict[str, Filled]:
    """What plugins fill into an empty `form`: field → value; of two that fill the same field the first counts."""
    found: dict[str, Filled] = {}
    for part in deployment.plugins.call("fill_form", form=form, connection=connection, directory=directory, now=now):
        for name, value in part.items():
            found.setdefault(name, value)
    return found


def accept_form(
    deployment: Deployment, connection: Connection, directory: Directory, form: Form, now: datetime
) -> list[Asked]:
    """Tell all plugins that `form` is accepted; what any of them returns as MUST is to undo the transaction."""
    parts = deployment.plugins.call("form_accepted", form=form, connection=connection, directory=directory, now=now)
    return [one for part in parts for one in part if one.severity == MUST]
