"""The organisation's pages: the chart, a unit, a post, a person, and who is responsible for what. Each works without a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.plugin import Assignment, Refused, phrase, say_problem, spoken
from tideng_admin.screens import READ, WRITE, Page, Screen, locale, named, needs, takes, web, window_words
from tideng_orgchart.edit import service
from tideng_orgchart.organisation import photos
from tideng_orgchart.organisation.rights import may_edit
from tideng_orgchart.screens.chart_data import nodes_of, script_words
from tideng_orgchart.screens.edit import OrganisationEditPage
from tideng_orgchart.screens.table_import import OrganisationImportPage, called, field_words
from tideng_orgchart.views import organisation
from tideng_orgchart.views.organisation import SearchResult
from tideng_orgchart.views.person_card import person_card
from tideng_orgchart.views.post import (
    Expected,
    PostPage,
    PostQuery,
    post_page,
    who_answers,
)

MOST_LISTED = 500
READERS = ("hr", "supervisor", "implementer", "auditor", "employee")


class OrganisationPage(Page):
    """The organisation: everybody who is signed in may see it, HR may change it."""

    route_base = "/organisation"
    class_permission_name = "Organisation"

    @expose("/")
    @needs(READ)
    def show_all(self) -> Any:
        day, unit, words = asked_day(), request.args.get("unit", "")[:120], request.args.get("q", "").strip()[:100]
        it = self.read(organisation.overview, day, unit)
        found = self.read(organisation.search, words, day) if words else ()
        return render_template(
            "orgchart/organisation.html",
            it=it,
            unit=unit,
            words=words,
            found=found,
            asked=day,
            nodes=nodes_of(it.units, unit),
            may_edit=may_edit(web().viewer()),
            script=script_words(),
        )

    @expose("/below")
    @needs(READ)
    def below(self) -> Any:
        """The units directly below ``?unit=``, for the script that opens it."""
        unit = request.args.get("unit", "")[:120]
        units = self.read(organisation.below, unit, asked_day())
        return jsonify(nodes=nodes_of(units, unit))

    @expose("/search")
    @needs(READ)
    def search(self) -> Any:
        found = self.read(organisation.search, request.args.get("q", "").strip()[:100], asked_day())
        return jsonify(
            found=[
                {
                    "kind": one.kind,
                    "id": one.id,
                    "name": one.name,
                    "where": one.where,
                    "unit": one.unit,
                    "href": found_at(one),
                }
                for one in found
            ]
        )

    @expose("/units/<path:id>")
    @needs(READ)
    def unit(self, id: str) -> Any:
        it = self.read(organisation.unit_page, id, asked_day(), request.args.get("after", ""))
        return self._shown("unit", it=it, title=it.it.name, may_edit=may_edit(web().viewer()))

    @expose("/positions/<path:id>")
    @needs(READ)
    def position(self, id: str) -> Any:
        it = self.read(post_page, web().deployment, PostQuery(id, asked_day(), request.args.get("after", "")))
        editor = may_edit(web().viewer())
        people = _colleagues() if editor and not request.args.get("part") else ()
        since = max(it.day, service.today(web().directory(), web().deployment)).isoformat()
        words = {"expected": expected_words(it), "people": people, "since": since}
        return self._shown("post", it=it, title=it.name, may_edit=editor, **words)

    @expose("/people/<path:id>")
    @needs(READ)
    def person(self, id: str) -> Any:
        it = self.read(person_card, id, asked_day())
        may_photo = photos.may_change(web().viewer(), id)
        return self._shown("card", it=it, title=it.face.name, may_photo=may_photo)

    @expose("/who-answers")
    @needs(READ)
    def who_answers(self) -> Any:
        day = asked_day()
        processes = self.read(who_answers, web().deployment, day)
        return render_template("orgchart/who_answers.html", processes=processes, asked=day)

    def _shown(self, what: str, **values: Any) -> Any:
        """A whole page; with ``?part=1`` only its content, for the panel beside the chart."""
        name = f"_{what}.html" if request.args.get("part") else "page.html"
        return render_template(
            f"orgchart/{name}", what=what, asked=asked_day(), words=field_words(), called=called, **values
        )

    # -- photos ------------------------------------------------------------------------------------------------------
    @expose("/photos/<path:id>")
    @needs(READ)
    def photo(self, id: str) -> Any:
        answer = make_response(self.read(photos.photo, id))
        answer.mimetype = "image/jpeg"
        # a new photo has a new address, so it may be cached; only by this browser, since it shows a person
        answer.headers["Cache-Control"] = "private, max-age=86400"
        return answer

    @expose("/photos/<path:id>", methods=["POST"])
    @needs(READ)
    @takes(photos.LARGEST + 64 * 1024)
    def put_photo(self, id: str) -> Any:
        file, here = request.files.get("photo"), web()
        said = lambda: self._put(here, id, file.read(photos.LARGEST + 1) if file else b"")  # noqa: E731
        return done(said, "OrganisationPage.person", id=id)

    @staticmethod
    def _put(here: Any, person: str, data: bytes) -> str:
        if request.form.get("remove"):
            photos.remove(here.deployment, here.viewer(), here.directory(), person)
            return _("The photo is removed.")
        photos.put(here.deployment, here.viewer(), here.directory(), person, data)
        return _("The photo is saved.")

    # -- changes -----------------------------------------------------------------------------------------------------
    @expose("/positions/<path:id>/duties", methods=["POST"])
    @needs(WRITE)
    def set_duties(self, id: str) -> Any:
        form, here = request.form, web()

        def said() -> str:
            service.set_duties(
                here.deployment, here.viewer(), here.directory(), id, form.get("duties", ""), form.get("from", "")
            )
            return _("Saved. What was expected before stays unchanged.")

        return done(said, "OrganisationPage.position", id=id, day=_later(form.get("from", "")))

    @expose("/positions/<path:id>/fill", methods=["POST"])
    @needs(WRITE)
    def fill(self, id: str) -> Any:
        form, here = request.form, web()

        def said() -> str:
            name = service.fill(
                here.deployment, here.viewer(), here.directory(), id, form.get("person", ""), form.get("from", "")
            )
            return _("%(name)s has the post from then on.", name=name)

        return done(said, "OrganisationPage.position", id=id, day=_later(form.get("from", "")))


def _colleagues() -> Sequence[Assignment]:
    """The people to choose from a list; nobody where there are too many. An id or a name can be typed anyway."""
    here = web()
    members = here.directory().rosters.at(here.now()).members
    return members if len(members) <= MOST_LISTED else ()


def done(act: Callable[[], str], endpoint: str, **values: Any) -> Any:
    """Run `act`, show what was done or why it was refused, and go back."""
    try:
        flash(act(), "success")
    except Refused as refused:
        for problem in refused.problems:
            flash(say_problem(problem, locale()).line, "warning")
    return redirect(url_for(endpoint, **values))


def asked_day() -> date | None:
    """The day in ``?day=``; None for today, and for a text that is no date."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2200 else None


def _later(day: str) -> str | None:
    """The day where it is in the future, so that the page shows the change; None for today and before."""
    return day if day > service.today(web().directory(), web().deployment).isoformat() and _is_day(day) else None


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def found_at(one: SearchResult) -> str:
    asked = asked_day()
    name = {"person": "person", "position": "position", "unit": "unit"}[one.kind]
    return url_for(f"OrganisationPage.{name}", id=one.id, day=asked.isoformat() if asked else None)


def expected_words(it: PostPage) -> list[Mapping[str, Any]]:
    """The targets as the page shows them: the period, the goal, and how the holders stand."""
    return [
        {
            "title": one.title,
            "name": one.name,
            "window": _window(one),
            "goal": f"{_sign(one.operator)}{spoken(_rounded(one.goal))}",
            "stand": _stand(one),
        }
        for one in it.expected
    ]


def _window(one: Expected) -> str:
    """The period of a target, unless its title has it already."""
    said = window_words(one.window) if one.window else ""
    return "" if said.casefold() in named(one.title, "").casefold() else said


def _sign(operator: str) -> str:
    return {">=": "", ">": "> ", "<=": "≤ ", "<": "< ", "=": ""}[operator]


def _stand(one: Expected) -> str:
    if one.own is not None:
        return _("you: %(value)s", value=spoken(_rounded(one.own), locale()))
    if not one.of:
        return ""
    return ngettext("now %(value)s", "mean of %(num)s now: %(value)s", one.of, value=spoken(_rounded(one.value)))


def _rounded(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value


SCREENS = (
    Screen(
        OrganisationPage,
        phrase("Organisation"),
        "org",
        order=60,
        roles=dict.fromkeys(READERS, ("read",)) | {"hr": ("read", "write")},
    ),
    Screen(
        OrganisationEditPage,
        phrase("Change the organisation"),
        "org",
        hidden=True,
        under="OrganisationPage",
        roles={"hr": ("read", "write")},
    ),
    Screen(
        OrganisationImportPage,
        phrase("Import the organisation"),
        "org",
        hidden=True,
        under="OrganisationPage",
        roles={"hr": ("read", "write")},
    ),
)
