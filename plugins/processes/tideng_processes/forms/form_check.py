"""What a form is asked before it is accepted: its fields, its files, the cases that it names, and what plugins ask.

A `FormContext` holds everything that these questions look at, so that each of them takes one argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tideng.plugin import (
    MUST,
    Asked,
    Directory,
    Form,
    Problem,
    Refused,
    Sentence,
    Viewer,
    accept_form,
    check_form,
    fill_form,
)
from tideng_processes.cases.actions import LONGEST_NOTE
from tideng_processes.cases.case_choices import not_to_be_chosen
from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.forms.fields import Submission, read_form
from tideng_processes.forms.submitted_files import fields_with_lost_files
from tideng_processes.publication.registry import registry_of

if TYPE_CHECKING:
    from tideng.plugin import Deployment

LONGEST_KEY = 120


class IncompleteForm(Refused):
    """Something is missing in a form. `asked` says what, in each language, MUST first."""

    def __init__(self, step: str, asked: Iterable[Asked]):
        self.asked = tuple(asked)
        super().__init__(Sentence("form-of-step", {"step": step}), [one.problem() for one in self.asked])


@dataclass(frozen=True, slots=True)
class FormContext:
    """A form on its way in. `case` is '' while the case is not begun; `person`: whom it is about; `known`: the data of the case
    before this form; `at`: the moment at which the form counts, `now`: the moment at which it is looked at (both UTC)."""

    deployment: Deployment
    connection: Connection
    viewer: Viewer
    directory: Directory
    now: datetime
    definition: Definition
    node: Node
    outcome: Outcome
    submission: Submission
    at: datetime
    person: str
    known: Mapping[str, Any] = field(default_factory=dict)
    case: str = ""

    @property
    def name(self) -> str:
        """The form's name for plugins: ``process.step``."""
        return f"{self.definition.id}.{self.node.id}"

    def form(self, data: Mapping[str, Any]) -> Form:
        """The form as plugins see it, with `data` beside what the case knows."""
        emits = self.outcome.emit[0].type if self.outcome.emit else ""
        return Form(
            self.name,
            self.person,
            self.viewer.person,
            self.at,
            {**self.known, **data},
            self.outcome.id,
            self.case,
            self.submission.papers,
            emits,
        )


def checked(context: FormContext) -> dict[str, Any]:
    """The data of a form that may be accepted. Raises `IncompleteForm` with everything that is missing."""
    asked, data = asked_of(context)
    if any(one.severity == MUST for one in asked):
        raise IncompleteForm(context.node.id, asked)
    return data


def asked_of(context: FormContext) -> tuple[list[Asked], dict[str, Any]]:
    """Everything that is asked of a form, MUST first, and the data that could be read from it."""
    outcome = context.outcome
    read = read_form(
        context.definition,
        context.node,
        context.submission,
        context.directory,
        context.at,
        context.known,
        complete=outcome.form,
    )
    own = [asked_about(one, one.at) for one in (*read.problems, *_note_and_key(context))]
    own += _lost_files(context)
    own += _others_cases(context, read.data)
    asked: Iterable[Asked] = ()
    if outcome.form:
        form = context.form(read.data)
        asked = check_form(context.deployment, context.connection, context.directory, form, context.now)
    named = {one.field for one in own}
    found = [*own, *(one for one in asked if one.field not in named or not one.field)]
    return sorted(found, key=lambda one: one.severity != MUST), dict(read.data)


def accept(context: FormContext, data: Mapping[str, Any]) -> None:
    """Let plugins store what they keep of a form. Raises `IncompleteForm`, which undoes the whole hand-in."""
    form = context.form(data)
    asked = accept_form(context.deployment, context.connection, context.directory, form, context.now)
    if asked:
        raise IncompleteForm(context.node.id, asked)


def _note_and_key(context: FormContext) -> Iterator[Problem]:
    note = context.submission.note.strip()
    if context.outcome.note and not note:
        yield Problem("note", "words-missing")
    if len(note) > LONGEST_NOTE:
        yield Problem("note", "over-length", {"limit": LONGEST_NOTE})
    if len(context.submission.key) > LONGEST_KEY:
        yield Problem("key", "over-length", {"limit": LONGEST_KEY})


def _lost_files(context: FormContext) -> list[Asked]:
    lost = fields_with_lost_files(context.connection, context.viewer, context.submission.papers, context.case)
    return [asked_about(Problem(name, "attachment-gone"), name) for name in lost]


def _others_cases(context: FormContext, data: Mapping[str, Any]) -> list[Asked]:
    """Fields that name a case which is not one of the person's. A value that a plugin would fill in itself is accepted: it may
    know of a trip that is another system's, and no case here."""
    registry = registry_of(context.deployment)
    wrong = list(
        not_to_be_chosen(
            context.connection, registry, context.definition, context.node, data, context.known, context.person
        )
    )
    if not wrong:
        return []
    sure = {name: value for name, value in data.items() if name not in {one.at for one in wrong}}
    known = {**context.known, **sure}
    form = Form(context.name, context.person, context.viewer.person, context.at, known, case=context.case)
    filled = fill_form(context.deployment, context.connection, context.directory, form, context.now)
    own = {name for name, one in filled.items() if one.value == data.get(name)}
    return [asked_about(one, one.at) for one in wrong if one.at not in own]


def asked_about(problem: Problem, field: str) -> Asked:
    """A problem of a form as something that is asked about one of its fields."""
    return Asked(field, problem.message)
