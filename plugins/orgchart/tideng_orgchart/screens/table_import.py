"""Imports the organisation from a table: choose a file, preview every change, then apply it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.plugin import Refused, pause, read_duties, say_problem
from tideng_admin.screens import READ, WRITE, Page, locale, named, needs, takes, web
from tideng_orgchart.edit import table_files, table_import
from tideng_orgchart.edit.service import today
from tideng_orgchart.organisation.rights import require_edit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class OrganisationImportPage(Page):
    """The import for HR; nothing changes before somebody has seen the preview."""

    route_base = "/organisation/import"
    class_permission_name = "OrganisationImport"

    @expose("/")
    @needs(READ)
    def show_all(self) -> Any:
        return self._form()

    @expose("/", methods=["POST"])
    @needs(WRITE)
    @takes(table_files.LARGEST + 64 * 1024)
    def upload(self) -> Any:
        file, here = request.files.get("file"), web()
        content = file.read(table_files.LARGEST + 1) if file else b""
        name = (file.filename if file else "") or _("file")
        whole = bool(request.form.get("whole"))
        try:
            number = table_import.upload(here.deployment, here.viewer(), here.directory(), name, content, whole)
        except Refused as refused:
            return self._form([say_problem(one, locale()).line for one in refused.problems], name), 400
        return redirect(url_for("OrganisationImportPage.show", number=number))

    @expose("/<int:number>")
    @needs(READ)
    def show(self, number: int) -> Any:
        here = web()
        it = table_import.preview(here.deployment, here.viewer(), number)
        return render_template("orgchart/preview.html", it=it, words=field_words(), called=called)

    @expose("/<int:number>", methods=["POST"])
    @needs(WRITE)
    def apply(self, number: int) -> Any:
        here = web()
        if request.form.get("discard"):
            table_import.discard(here.deployment, here.viewer(), number)
            flash(_("Discarded. Nothing was changed."), "success")
            return redirect(url_for("OrganisationImportPage.show_all"))
        try:
            made = table_import.apply(here.deployment, here.viewer(), number)
        except Refused as refused:
            for problem in refused.problems:
                flash(say_problem(problem, locale()).line, "warning")
            return redirect(url_for("OrganisationImportPage.show_all"))
        flash(ngettext("%(num)s change is made.", "%(num)s changes are made.", made), "success")
        return redirect(url_for("OrganisationPage.show_all"))

    @expose("/template.xlsx")
    @needs(READ)
    def template(self) -> Any:
        """An empty table, or with ``?filled=1`` the organisation of today."""
        here = web()
        require_edit(here.viewer())
        filled = bool(request.args.get("filled"))
        day = today(here.directory(), here.deployment)
        answer = make_response(table_import.template(here.directory(), locale() == "zh", filled, day))
        answer.mimetype = XLSX
        name = "organisation.xlsx" if filled else "organisation-template.xlsx"
        answer.headers["Content-Disposition"] = f"attachment; filename={name}"
        return answer

    @staticmethod
    def _form(problems: list[str] | None = None, name: str = "") -> Any:
        limits = {"rows": table_files.MOST_ROWS, "megabytes": table_files.LARGEST // table_files.MEGABYTE}
        return render_template("orgchart/import.html", problems=problems or [], name=name, **limits)


def called(field: str, value: str, with_id: bool = True) -> str:
    """What is in a field, as people call it: an id with the name, where that is known already, and duties in words."""
    here = web()
    if field == "targets":
        return _duties_in_words(value)
    if field == "head":
        return _("yes") if value else ""
    named_by: Mapping[str, Callable[[str], str]] = {
        "unit": lambda id: name_in(here.directory().unit_periods, id),
        "parent": lambda id: name_in(here.directory().unit_periods, id),
        "position": lambda id: name_in(here.directory().position_periods, id),
        "supervisor": lambda id: here.name_of(id) if here.directory().knows(id) else "",
        "deputy": lambda id: here.name_of(id) if here.directory().knows(id) else "",
    }
    found = named_by[field](value) if field in named_by else ""
    if not found or found == value:
        return value
    return f"{found} ({value})" if with_id else found


def name_in(periods: Mapping[str, Any], id: str) -> str:
    return periods[id][-1].name if id in periods else ""


def _duties_in_words(duties: str) -> str:
    known, comma = web().deployment.catalogue.metrics, pause(locale())
    return comma.join(
        f"{named(known[name].title, name) if name in known else name} {sign.replace('>=', '').replace('<=', '≤')}{goal:g}"
        for name, (sign, goal) in read_duties(duties, lambda *said: None).items()
    )


def field_words() -> dict[str, str]:
    return {
        "name": _("Name"),
        "unit": _("Unit"),
        "parent": _("Unit above"),
        "position": _("Position"),
        "supervisor": _("Supervisor"),
        "timezone": _("Time zone"),
        "locale": _("Language"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        "until": _("Last day"),
        "deputy": _("Deputy"),
        "targets": _("What is expected"),
        "sheet": _("Duty sheet"),
        "seats": _("Seats"),
        "head": _("Always held by somebody"),
    }
