"""HR's forms for a unit and a post: a new one, or a change of an existing one from a day on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.plugin import NotFound, Position, Problem, Refused, Unit, in_force, say_problem
from tideng_admin.screens import READ, WRITE, Page, Web, locale, needs, units_to_choose, web
from tideng_orgchart.edit import service
from tideng_orgchart.edit.table_merge import position_row, unit_row
from tideng_orgchart.organisation.rights import require_edit
from tideng_orgchart.screens.table_import import field_words, name_in

UNIT_FIELDS = ("id", "name", "parent", "until")
POST_FIELDS = ("id", "name", "unit", "seats", "head", "sheet_zh", "sheet_en", "duties", "until")


class OrganisationEditPage(Page):
    """The forms are for HR only; `tideng_orgchart.edit.service` checks it again."""

    route_base = "/organisation/edit"
    class_permission_name = "OrganisationEdit"
    default_view = "new_unit"

    @expose("/unit")
    @needs(READ)
    def new_unit(self) -> Any:
        return self._form("unit", "", {"parent": request.args.get("in", "")[:120]})

    @expose("/unit", methods=["POST"])
    @needs(WRITE)
    def add_unit(self) -> Any:
        return self._kept("unit", "", service.keep_unit, UNIT_FIELDS)

    @expose("/unit/<path:id>")
    @needs(READ)
    def unit(self, id: str) -> Any:
        return self._form("unit", id, _unit_cells(id, _shown_day()))

    @expose("/unit/<path:id>", methods=["POST"])
    @needs(WRITE)
    def keep_unit(self, id: str) -> Any:
        return self._kept("unit", id, service.keep_unit, UNIT_FIELDS[1:])

    @expose("/position")
    @needs(READ)
    def new_position(self) -> Any:
        return self._form("position", "", {"unit": request.args.get("in", "")[:120]})

    @expose("/position", methods=["POST"])
    @needs(WRITE)
    def add_position(self) -> Any:
        return self._kept("position", "", service.keep_post, POST_FIELDS)

    @expose("/position/<path:id>")
    @needs(READ)
    def position(self, id: str) -> Any:
        return self._form("position", id, _position_cells(id, _shown_day()))

    @expose("/position/<path:id>", methods=["POST"])
    @needs(WRITE)
    def keep_position(self, id: str) -> Any:
        return self._kept(
            "position", id, service.keep_post, tuple(one for one in POST_FIELDS if one not in ("id", "duties"))
        )

    def _form(self, kind: str, id: str, cells: Mapping[str, str], problems: list[str] | None = None) -> Any:
        here, shown = web(), _shown_day()
        require_edit(here.viewer())
        return render_template(
            f"orgchart/edit_{kind}.html",
            id=id,
            cells=cells,
            problems=problems or [],
            units=units_to_choose(here.directory().as_of(shown)),
            shown=shown.isoformat(),
            since=request.form.get("from") or max(shown, _today(here)).isoformat(),
            mend=bool(request.form.get("mend")),
        )

    def _kept(self, kind: str, id: str, keep: Callable[..., str], fields: tuple[str, ...]) -> Any:
        """Store the form and show the result; where it is refused, show the form as it was filled in."""
        here, form = web(), request.form
        said = {name: form.get(name, "").strip() for name in fields}
        since, mend = form.get("from", ""), form.get("mend", "")
        try:
            kept = keep(
                here.deployment, here.viewer(), here.directory(), id, _new(kind, id, said) | {"mend": mend}, since
            )
        except Refused as refused:
            problems = [say_problem(_at_a_field(one, id), locale()).line for one in refused.problems]
            return self._form(kind, id, said, problems), 400
        later = since if since > _today(here).isoformat() and not mend else None
        flash(_said(mend, later), "success")
        return redirect(url_for(f"OrganisationPage.{kind}", id=kept, day=later))


def _new(kind: str, id: str, said: Mapping[str, str]) -> dict[str, str]:
    """The fields that differ from what the form showed. Untouched fields are left out: on the chosen day they may have other values."""
    if not id:
        return dict(said)
    cells = (_unit_cells if kind == "unit" else _position_cells)(id, _shown_day())
    return {name: text for name, text in said.items() if text != _one_kind_of_line(cells.get(name, ""))}


def _at_a_field(problem: Problem, id: str) -> Problem:
    """The problem with the field's title as its place; for another unit, post or person, with its name in front."""
    owner, _comma, column = problem.at.rpartition(", ")
    here, directory = web(), web().directory()
    name = here.name_of(owner) if directory.knows(owner) else ""
    name = name or name_in(directory.unit_periods, owner) or name_in(directory.position_periods, owner)
    said = {"id": _("Id"), "from": _("Starting on"), "duties": _("What is expected")}
    field = (field_words() | said).get(column, column)
    return replace(problem, at=", ".join(filter(None, ("" if owner == id else name, field))))


def _one_kind_of_line(text: str) -> str:
    """A text with the line ends that a browser sends."""
    return "\r\n".join(text.strip().splitlines())


def _unit_cells(id: str, day: date) -> Mapping[str, str]:
    return unit_row(_known(web().directory().unit_periods, id, day)).cells


def _position_cells(id: str, day: date) -> Mapping[str, str]:
    return position_row(_known(web().directory().position_periods, id, day)).cells


_T = TypeVar("_T", Unit, Position)


def _known(periods: Mapping[str, Sequence[_T]], id: str, day: date) -> _T:
    """The period of that day, else the last one. Raises `NotFound`."""
    if id not in periods:
        raise NotFound("no-unit-or-position", {"id": id})
    return in_force(periods[id], day) or periods[id][-1]


def _today(here: Web) -> date:
    return service.today(here.directory(), here.deployment)


def _shown_day() -> date:
    """The day that the form shows: the one that it sent back, or ``?day=``; today for none."""
    try:
        day = date.fromisoformat(request.form.get("shown") or request.args.get("day", ""))
    except ValueError:
        return _today(web())
    return day if 1900 <= day.year <= 2200 else _today(web())


def _said(mend: str, later: str | None) -> str:
    if mend:
        return _("Corrected.")
    return (
        _("Saved. It takes effect on %(day)s automatically.", day=later)
        if later
        else _("Saved. Earlier periods stay unchanged.")
    )
