"""Shows a form: its fields with their values and messages, what the case knows, and what plugins fill in or show beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Connection

from tideng.plugin import Asked, Assignment, Card, Filled, Form, Refused, below, beside_case, fill_form, reading
from tideng_admin.screens import Page, locale, web
from tideng_processes.cases import case_choices
from tideng_processes.cases.access import ACTS_FOR_ALL
from tideng_processes.cases.actions import LONGEST_NOTE
from tideng_processes.forms import attachments, submissions
from tideng_processes.forms.fields import Submission
from tideng_processes.forms.submissions import FormAddress
from tideng_processes.forms.submitted_data import (
    FormState,
    ShownField,
    is_shown,
    limit_of,
    other_remarks,
    recent_days,
    shown_fields,
    with_cases,
)
from tideng_processes.screens.place import Place
from tideng_processes.screens.shared import person_meant, processes
from tideng_processes.views.process_page import data_lines

OFFERED = 60
"""Colleagues offered where a form asks for one; any other is named by name or id."""


class FormDisplay(Page):
    """What pages with a form show, whichever address they have."""

    def form(self, place: Place, tab: str = "FormPage", back: str = "") -> str:
        """A form as it is first shown. `tab`: which tab of the portal is lit; `back`: where the arrow leads."""
        with reading(web().engine) as connection:
            filled = self._filled(connection, place)
            enough = self.enough(connection, place)
        state = FormState(known=place.known, filled=filled, enough=enough)
        return self.page(place, state, tab=tab, back=back)

    def _filled(self, connection: Connection, place: Place) -> Mapping[str, Filled]:
        here = web()
        viewer = here.viewer()
        person = place.case.person if place.case else viewer.person
        form = Form(place.form_name, person, viewer.person, here.now(), place.known, case=place.case_id)
        return fill_form(here.deployment, connection, self.directory, form, here.now())

    def enough(self, connection: Connection, place: Place) -> list[Asked]:
        """The lengths that rules ask of texts: what they would ask if each text had only begun."""
        fields = (place.definition.fields[asks.field] for asks in place.node.form)
        begun = {one.name: "…" for one in fields if one.type in ("text", "list")}
        return self.preview(connection, place, Submission("", begun)) if begun else []

    def preview(self, connection: Connection, place: Place, submission: Submission) -> list[Asked]:
        here = web()
        form = FormAddress(place.definition.id, place.node.id, place.case_id, self.about(place))
        return submissions.preview(here.deployment, connection, here.viewer(), self.directory, form, submission)

    def page(
        self, place: Place, state: FormState, refused: Sequence[str] = (), tab: str = "FormPage", back: str = ""
    ) -> str:
        """The page of a form. `refused`: why the form as a whole was refused."""
        here, node = web(), place.node
        shown = shown_fields(place.definition, node, state, locale())
        form = {asks.field for asks in node.form}
        others = {name: of for name, of in place.known.items() if name not in form}
        cases = place.case.named if place.case else {}
        lines = data_lines(place.definition, others, locale(), here.name_of, cases)
        with reading(here.engine) as connection:
            ids = [id for one in shown if one.spec.type == "files" for id in one.value]
            files = {id: paper_line(one) for id, one in attachments.stored_files(connection, ids).items()}
            cards = self._beside(connection, place) if place.case else []
            shown = self._with_cases(connection, place, shown)
        fields = [self._with_name(one) if one.spec.type == "person" else one for one in shown]
        return render_template(
            "processes/form.html",
            place=place,
            fields=fields,
            lines=lines,
            asides=cards,
            files=files,
            rest=other_remarks(node, state.asked, locale()),
            refused=refused,
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
        """The cards that plugins show beside the case."""
        here = web()
        return beside_case(here.deployment, connection, self.directory, place.definition.id, place.case_id, here.now())

    def _with_cases(self, connection: Connection, place: Place, shown: list[ShownField]) -> list[ShownField]:
        """The fields with the cases to choose from, where the form has case fields. Two statements at most."""
        here, registry = web(), processes()
        whose = self.about(place) or (place.case.person if place.case else here.viewer().person)
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
        """The colleagues that are offered: of the viewer's unit, with the same supervisor, and the supervisor."""
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
        """The people about whom the viewer may begin a case, as (id, name), by name."""
        here = web()
        viewer, now = here.viewer(), here.now()
        if viewer.roles & ACTS_FOR_ALL:
            led = [(one.person, one.name) for one in self.directory.rosters.at(now).members]
        else:
            led = [(one, here.name_of(one)) for one in below(self.directory, viewer.person, now)]
        return sorted(led, key=lambda one: one[1])

    def about(self, place: Place) -> str:
        """The person whom a new case is about, '' where nobody else than the viewer may be meant."""
        named = request.form.get("about", "").strip()
        return self.person_or_text(named) if named and place.definition.start.other and place.case is None else ""

    def person_or_text(self, named: str) -> str:
        """The id of the person that was named; a text that names nobody stays, for the message beside its field."""
        try:
            return person_meant(self.directory, named)
        except Refused:
            return named


def paper_line(file: attachments.StoredFile) -> dict[str, Any]:
    """A file as the line of its field shows it."""
    notes = [note.get(locale(), "") for note in file.reading.notes]
    names = ("amount", "currency", "date", "issued", "number", "seller")
    read = [str(file.reading.fields[name]) for name in names if file.reading.fields.get(name)]
    return {
        "id": file.id,
        "name": file.name,
        "size": file.size,
        "read": " · ".join(read),
        "notes": list(filter(None, notes)),
    }
