"""Forms on a phone: the page of a step, a look at what is written so far, and handing it in, also what was written without a
network. `begin_screens` has the addresses.

Every page works without the script: the form is then sent as any form, and what is still open stands beside its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from tideng.access.viewer import below
from tideng.base.problems import say
from tideng.org.directory import Assignment
from tideng.plugin import NotAllowed, NotFound, Problem, Refused, say_problem
from tideng.plugins.attachments import LARGEST_ATTACHMENT
from tideng.plugins.cards import Card, beside_case
from tideng.plugins.forms import (
    MUST,
    Asked,
    Filled,
    Form,
    fill_form,
)
from tideng.store.database import reading
from tideng_admin.display.base_page import Page
from tideng_admin.request.context import locale, web
from tideng_processes.cases import case_choices
from tideng_processes.cases.access import ACTS_FOR_ALL, may_begin
from tideng_processes.cases.actions import LONGEST_NOTE
from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.forms import attachments, submissions
from tideng_processes.forms.attachments import FileField
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.form_check import IncompleteForm
from tideng_processes.forms.submissions import FormAddress
from tideng_processes.forms.submitted_data import (
    UPLOAD,
    Said,
    ShownField,
    is_shown,
    limit_of,
    other_remarks,
    recent_days,
    said_of,
    shown_fields,
    with_cases,
)
from tideng_processes.screens.shared import latest, person_meant, processes
from tideng_processes.views import cases as viewing
from tideng_processes.views.cases import CaseView, TaskView
from tideng_processes.views.process_page import data_lines

LARGEST_FORM = 6 * LARGEST_ATTACHMENT
"""Without a script the files of a form come with it."""
OFFERED = 60
"""So many colleagues are offered where a form asks for one; any other is named by name or id."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which form: the first step of a process that one may begin, or an open step of a `case`. `known`: what the case knows."""

    definition: Definition
    version: int
    node: Node
    case: CaseView | None = None
    part: str = ""
    known: Mapping[str, Any] | None = None

    @property
    def url(self) -> str:
        if self.case is None:
            return url_for("FormPage.begin", process=self.definition.id)
        return url_for("FormPage.step", case=self.case.id, node=self.node.id, part=self.part or None)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The ways out that make sense here: what is not begun yet cannot be given up."""
        ways = self.node.outcomes
        return ways if self.case else tuple(one for one in ways if one.form) or ways

    @property
    def task(self) -> TaskView | None:
        """The viewer's own part of the step."""
        mine = [one for one in self.case.open_tasks if one.mine and one.node == self.node.id] if self.case else []
        return next((one for one in mine if one.part == self.part), next(iter(mine), None))

    @property
    def asked_back(self) -> tuple[str, str]:
        """Who sent the case back to this step, and with which words; empty where nobody did."""
        steps = self.case.steps if self.case else ()
        done = next((one for one in reversed(steps) if one.kind == "done"), None)
        return (done.by_name, done.note) if done and done.note and done.node != self.node.id else ("", "")


class Forms(Page):
    """What every page with a form does, whichever address it has."""

    # -- which form ----------------------------------------------------------------------------------------------
    def _first(self, process: str) -> Place:
        published = latest(process)
        it = published.definition
        if not may_begin(web().viewer(), it, self.directory, web().now()):
            raise NotAllowed("viewer-may-not-begin", {"name": process})
        return Place(it, published.version, it.first)

    def _open(self, case: str, node: str) -> Place:
        it = self.read(viewing.case, processes(), case)
        if node not in it.definition.nodes:
            raise NotFound("no-step", {"name": node})
        part = request.values.get("part", "")
        place = Place(it.definition, it.version, it.definition.nodes[node], it, part, it.data)
        return replace(place, part=place.task.part) if place.task and not part else place

    # -- showing it ----------------------------------------------------------------------------------------------
    def form(self, place: Place, tab: str = "FormPage", back: str = "") -> str:
        """A form as it is first shown. `tab`: which tab of the portal is lit; `back`: where the arrow leads."""
        with reading(web().engine) as connection:
            filled = self._filled(connection, place)
            enough = self._enough(connection, place)
        return self._page(place, filled=filled, enough=enough, tab=tab, back=back)

    def _filled(self, connection: Connection, place: Place) -> Mapping[str, Filled]:
        here = web()
        viewer, known = here.viewer(), place.known or {}
        person = place.case.person if place.case else viewer.person
        name, kept = f"{place.definition.id}.{place.node.id}", place.case.id if place.case else ""
        form = Form(name, person, viewer.person, here.now(), known, case=kept)
        return fill_form(here.deployment, connection, self.directory, form, here.now())

    def _enough(self, connection: Connection, place: Place) -> list[Asked]:
        """How long the rules want the texts to be: what they ask of a text that has only begun."""
        fields = (place.definition.fields[asks.field] for asks in place.node.form)
        begun = {one.name: "…" for one in fields if one.type in ("text", "list")}
        return self._preview(connection, place, Submission("", begun)) if begun else []

    def _preview(self, connection: Connection, place: Place, submission: Submission) -> list[Asked]:
        here = web()
        case = place.case.id if place.case else ""
        form = FormAddress(place.definition.id, place.node.id, case, self._about(place))
        return submissions.preview(here.deployment, connection, here.viewer(), self.directory, form, submission)

    def _page(
        self,
        place: Place,
        said: Said | None = None,
        filled: Mapping[str, Filled] | None = None,
        asked: list[Asked] | None = None,
        enough: list[Asked] | None = None,
        refused: list[str] | None = None,
        tab: str = "FormPage",
        back: str = "",
    ) -> str:
        here, node, known = web(), place.node, place.known or {}
        shown = shown_fields(place.definition, node, said, known, filled or {}, asked or (), enough or (), locale())
        form = {asks.field for asks in node.form}
        others = {name: of for name, of in known.items() if name not in form}
        cases = place.case.named if place.case else {}
        lines = data_lines(place.definition, others, locale(), here.name_of, cases)
        with reading(here.engine) as connection:
            ids = [id for one in shown if one.spec.type == "files" for id in one.value]
            files = {id: paper_line(one) for id, one in attachments.kept(connection, ids).items()}
            case = place.case.id if place.case else ""
            asides = self._beside(connection, place) if case else []
            shown = self._with_cases(connection, place, shown)
        named_ = [self._with_name(one) if one.spec.type == "person" else one for one in shown]
        return render_template(
            "processes/form.html",
            place=place,
            fields=named_,
            lines=lines,
            asides=asides,
            files=files,
            rest=other_remarks(node, asked or (), locale()),
            refused=refused or [],
            people=self._colleagues() if any(one.spec.type == "person" for one in shown) else [],
            led=self._led() if place.definition.start.other and place.case is None else [],
            limit_of=limit_of,
            recent_days=recent_days,
            today=here.now().astimezone(here.zone()).date(),
            given=request.form,
            longest=LONGEST_NOTE,
            tab=tab,
            back_to=back
            or (url_for("CasePage.show", case=place.case.id) if place.case else url_for("FormPage.show_all")),
        )

    def _beside(self, connection: Connection, place: Place) -> list[Card]:
        """What plugins know of the case of a form."""
        here, case = web(), place.case.id if place.case else ""
        return beside_case(here.deployment, connection, self.directory, place.definition.id, case, here.now())

    def _with_cases(self, connection: Connection, place: Place, shown: list[ShownField]) -> list[ShownField]:
        """What is to be chosen from where a case is asked for. Two statements at most, where one is."""
        here, registry = web(), processes()
        whose = self._about(place) or (place.case.person if place.case else here.viewer().person)
        today = self.directory.local_day(whose, here.now())
        wanted = [one for one in shown if one.spec.type == "case"]
        offered = case_choices.choices(
            connection, registry, [one.spec.process for one in wanted], whose, here.now(), today
        )
        names = {case.name for cases in offered.values() for case in cases}
        others = {(one.spec.process, one.value) for one in wanted if one.value and one.value not in names}
        stands = case_choices.named(connection, registry, others, today)
        found = [with_cases(one, offered[one.spec.process], stands) if one in wanted else one for one in shown]
        return [one for one in found if is_shown(one)]

    def _with_name(self, one: ShownField) -> ShownField:
        """A person as people know them, beside their id; what is no id stands as it was typed."""
        known = one.value and self.directory.knows(one.value)
        return replace(one, value=f"{web().name_of(one.value)} ({one.value})") if known else one

    def _colleagues(self) -> list[Assignment]:
        """Whom one would think of first: those in one's unit, those with the same supervisor, and the supervisor."""
        here, now = web(), web().now()
        me = self.directory.at(here.viewer().person, now) if here.viewer().person else None
        if me is None:
            return []
        near = [
            one
            for one in self.directory.rosters.at(now).members
            if one.person != me.person
            and (
                one.unit == me.unit
                or one.person == me.supervisor
                or (me.supervisor and one.supervisor == me.supervisor)
            )
        ]
        return sorted(near, key=lambda one: one.name)[:OFFERED]

    def _led(self) -> list[tuple[str, str]]:
        """Those about whom the viewer may begin a case, by name."""
        here = web()
        viewer, now = here.viewer(), here.now()
        if viewer.roles & ACTS_FOR_ALL:
            return sorted(
                ((one.person, one.name) for one in self.directory.rosters.at(now).members), key=lambda one: one[1]
            )
        return sorted(
            ((one, here.name_of(one)) for one in below(self.directory, viewer.person, now)), key=lambda one: one[1]
        )

    # -- taking it -----------------------------------------------------------------------------------------------
    def _about(self, place: Place) -> str:
        """Whom a new case is about, where somebody else may be meant."""
        named = request.form.get("about", "").strip()
        return self._person(named) if named and place.definition.start.other and place.case is None else ""

    def _person(self, named: str) -> str:
        """The id of whom somebody named; what names nobody stays, and is said beside its field."""
        try:
            return person_meant(self.directory, named)
        except Refused:
            return named

    def _said(self, place: Place) -> Said:
        return said_of(place.definition, place.node, dict(request.form.lists()), self._person)

    def _looked_at(self, place: Place) -> Any:
        said = self._said(place)
        submission = Submission(request.form.get("outcome", ""), said.data, said.papers, request.form.get("note", ""))
        with reading(web().engine) as connection:
            asked = self._preview(connection, place, submission)
            filled = self._refilled(connection, place, said) if said.papers or "fill" in request.form else {}
        return jsonify(asked=[_asked(one) for one in asked], filled=filled)

    def _refilled(self, connection: Connection, place: Place, said: Said) -> dict[str, Any]:
        """What can be filled in by now, as when files were read."""
        here, viewer = web(), web().viewer()
        name = f"{place.definition.id}.{place.node.id}"
        form = Form(name, viewer.person, viewer.person, here.now(), said.data, papers=said.papers)
        found = fill_form(here.deployment, connection, self.directory, form, here.now())
        kinds = place.definition.fields
        return {
            name: {"value": one.value, "source": one.source.get(locale(), "")}
            for name, one in found.items()
            if name in kinds and kinds[name].type not in ("table", "files")
        }

    def _taken(self, place: Place) -> Any:
        """Hand in what was sent; in words where that cannot be, with everything that was written still there."""
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

    def _handed_in(self, place: Place, said: Said) -> str:
        here, form = web(), request.form
        version = form.get("version", "")
        if place.case is None and form.get("at") and version and version != str(place.version) and _misses(place, form):
            raise Refused("form", [Problem("", "form-changed")])
        submission = Submission(
            form.get("outcome", ""), said.data, said.papers, form.get("note", ""), _moment(form.get("at", "")), form.get("key", "")
        )  # fmt: skip
        if place.case is None:
            return submissions.begin(
                here.deployment, here.viewer(), self.directory, place.definition.id, submission, self._about(place)
            )
        submissions.hand_in(
            here.deployment, here.viewer(), self.directory, place.case.id, place.node.id, submission, place.part
        )
        return place.case.id

    def _with_files(self, place: Place, said: Said) -> tuple[Said, list[Asked]]:
        """Keep the files that came with the form itself; what is wrong with one is said, the others stay."""
        found = {name: list(ids) for name, ids in said.papers.items()}
        lost: list[Asked] = []
        for asks in place.node.form:
            for file in request.files.getlist(UPLOAD + asks.field):
                if not file.filename:
                    continue
                try:
                    target = FileField(place.definition.id, asks.field, place.case.id if place.case else "")
                    kept = attachments.keep(
                        web().deployment, web().viewer(), self.directory, target, file.filename, file.read()
                    )
                    found.setdefault(asks.field, []).append(kept.id)
                except Refused as refused:
                    lost += [Asked(asks.field, problem.message) for problem in refused.problems]
        return Said(said.data, found), lost

    def _not_yet(self, place: Place, said: Said, asked: list[Asked]) -> Any:
        if _wants_json():
            return jsonify(asked=[_asked(one) for one in asked]), 400
        with reading(web().engine) as connection:
            enough = self._enough(connection, place)
        return self._page(place, said, asked=asked, enough=enough), 400

    def _refused(self, place: Place, said: Said, refused: Refused) -> Any:
        problems = [words_of(one) for one in refused.problems]
        if _wants_json():
            return jsonify(problems=problems), 409
        return self._page(place, said, refused=problems), 409


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _misses(place: Place, form: Mapping[str, str]) -> bool:
    """Whether the form that was filled in asked for something that this one does not know."""
    names = {name.split("-")[1] for name in form if name.startswith("f-")}
    return not names <= {asks.field for asks in place.node.form}


def _moment(said: str) -> datetime | None:
    """When it was written, as a phone says it. Raises `Refused` for what is no moment."""
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
    words = say(one.problem().moved(""), locale()).line
    return {"at": one.field, "message": words, "must": one.severity == MUST, "least": one.least}


def words_of(problem: Problem) -> str:
    return say_problem(problem.moved(""), locale()).line


def paper_line(kept: attachments.Kept) -> dict[str, Any]:
    """A file as its line in the form shows it."""
    notes = [note.get(locale(), "") for note in kept.reading.notes]
    names = ("amount", "currency", "date", "issued", "number", "seller")
    read = [str(kept.reading.fields[name]) for name in names if kept.reading.fields.get(name)]
    return {
        "id": kept.id,
        "name": kept.name,
        "size": kept.size,
        "read": " · ".join(read),
        "notes": list(filter(None, notes)),
    }
