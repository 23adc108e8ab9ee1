"""Takes forms from a phone: finds the form, looks at what is written so far, and hands it in, also what was written without a
network. `tideng_processes.screens.begin` has the addresses.

Every page works without the script: the form is then sent as any form, and what is missing is shown beside its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from tideng.plugin import (
    LARGEST_ATTACHMENT,
    MUST,
    Asked,
    Form,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    fill_form,
    reading,
    say_problem,
)
from tideng_admin.screens import locale, web
from tideng_processes.cases.access import may_begin
from tideng_processes.forms import attachments, submissions
from tideng_processes.forms.attachments import FileField
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.form_check import IncompleteForm, asked_about
from tideng_processes.forms.submitted_data import UPLOAD, FormState, SubmittedForm, said_of
from tideng_processes.screens.form_display import FormDisplay
from tideng_processes.screens.place import Place
from tideng_processes.screens.shared import latest, processes
from tideng_processes.views.case import case_view

LARGEST_FORM = 6 * LARGEST_ATTACHMENT
"""Without a script, the files of a form are sent with it."""
DIFFERS = "the form has changed meanwhile"


class Forms(FormDisplay):
    """What pages with a form do, whichever address they have: find the form, look at what is written, take it."""

    # -- which form ----------------------------------------------------------------------------------------------
    def _first(self, process: str) -> Place:
        published = latest(process)
        it = published.definition
        if not may_begin(web().viewer(), it, self.directory, web().now()):
            raise NotAllowed("viewer-may-not-begin", {"name": process})
        return Place(it, published.version, it.first)

    def _open(self, case: str, node: str) -> Place:
        it = self.read(case_view, processes(), case)
        if node not in it.definition.nodes:
            raise NotFound("no-step", {"name": node})
        part = request.values.get("part", "")
        place = Place(it.definition, it.version, it.definition.nodes[node], it, part, it.data)
        return replace(place, part=place.task.part) if place.task and not part else place

    # -- taking it -----------------------------------------------------------------------------------------------
    def _said(self, place: Place) -> SubmittedForm:
        return said_of(place.definition, place.node, dict(request.form.lists()), self.person_or_text)

    def _looked_at(self, place: Place) -> Any:
        said = self._said(place)
        submission = Submission(request.form.get("outcome", ""), said.data, said.papers, request.form.get("note", ""))
        with reading(web().engine) as connection:
            asked = self.preview(connection, place, submission)
            filled = self._refilled(connection, place, said) if said.papers or "fill" in request.form else {}
        return jsonify(asked=[_asked(one) for one in asked], filled=filled)

    def _refilled(self, connection: Connection, place: Place, said: SubmittedForm) -> dict[str, Any]:
        """The values that can be filled in by now, as after files were read."""
        here, viewer = web(), web().viewer()
        form = Form(place.form_name, viewer.person, viewer.person, here.now(), said.data, papers=said.papers)
        found = fill_form(here.deployment, connection, self.directory, form, here.now())
        kinds = place.definition.fields
        return {
            name: {"value": one.value, "source": one.source.get(locale(), "")}
            for name, one in found.items()
            if name in kinds and kinds[name].type not in ("table", "files")
        }

    def _taken(self, place: Place) -> Any:
        """Hand in what was sent; where that is refused, show why, with everything that was written still there."""
        said, lost = self._with_files(place, self._said(place))
        try:
            if lost:
                raise IncompleteForm(place.node.id, lost)
            case = self._handed_in(place, said)
        except IncompleteForm as open_:
            return self._not_yet(place, said, list(open_.asked))
        except Refused as refused:
            return self._refused(place, said, refused)
        if _wants_json():
            return jsonify(case=case, href=url_for("CasePage.show", case=case))
        flash(_("Handed in."), "success")
        return redirect(url_for("CasePage.show", case=case))

    def _handed_in(self, place: Place, said: SubmittedForm) -> str:
        here, form = web(), request.form
        version = form.get("version", "")
        if place.case is None and form.get("at") and version and version != str(place.version) and _misses(place, form):
            raise Refused("form", [Problem("", "form-changed")])
        submission = Submission(
            form.get("outcome", ""), said.data, said.papers, form.get("note", ""), _moment(form.get("at", "")), form.get("key", "")
        )  # fmt: skip
        if place.case is None:
            return submissions.begin(
                here.deployment, here.viewer(), self.directory, place.definition.id, submission, self.about(place)
            )
        submissions.hand_in(
            here.deployment, here.viewer(), self.directory, place.case.id, place.node.id, submission, place.part
        )
        return place.case.id

    def _with_files(self, place: Place, said: SubmittedForm) -> tuple[SubmittedForm, list[Asked]]:
        """Store the files that were sent with the form itself; a file with a problem is reported, the others are kept."""
        found = {name: list(ids) for name, ids in said.papers.items()}
        lost: list[Asked] = []
        for asks in place.node.form:
            for file in request.files.getlist(UPLOAD + asks.field):
                if not file.filename:
                    continue
                try:
                    target = FileField(place.definition.id, asks.field, place.case_id)
                    kept = attachments.keep(
                        web().deployment, web().viewer(), self.directory, target, file.filename, file.read()
                    )
                    found.setdefault(asks.field, []).append(kept.id)
                except Refused as refused:
                    lost += [asked_about(problem, asks.field) for problem in refused.problems]
        return SubmittedForm(said.data, found), lost

    def _not_yet(self, place: Place, said: SubmittedForm, asked: list[Asked]) -> Any:
        if _wants_json():
            return jsonify(asked=[_asked(one) for one in asked]), 400
        with reading(web().engine) as connection:
            enough = self.enough(connection, place)
        return self.page(place, FormState(said, place.known, asked=asked, enough=enough)), 400

    def _refused(self, place: Place, said: SubmittedForm, refused: Refused) -> Any:
        problems = [words_of(one) for one in refused.problems]
        if _wants_json():
            return jsonify(problems=problems), 409
        return self.page(place, FormState(said, place.known), refused=problems), 409


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _misses(place: Place, form: Mapping[str, str]) -> bool:
    """Whether the form that was filled in had a field that this version does not have."""
    names = {name.split("-")[1] for name in form if name.startswith("f-")}
    return not names <= {asks.field for asks in place.node.form}


def _moment(said: str) -> datetime | None:
    """When the form was written, as a phone tells it. Raises `Refused` for a text that is no moment with a zone."""
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        raise Refused("moment", [Problem("at", "form-not-a-moment")])
    return at.astimezone(UTC)


def _asked(one: Asked) -> dict[str, Any]:
    words = say_problem(one.problem().moved(""), locale()).line
    return {"at": one.field, "message": words, "must": one.severity == MUST, "least": one.least}


def words_of(problem: Problem) -> str:
    return say_problem(problem.moved(""), locale()).line
