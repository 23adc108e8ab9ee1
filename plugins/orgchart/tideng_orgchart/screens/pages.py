"""The organisation's pages: the chart, a unit, a post, a person, and who answers for what. Each works without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.plugin import Assignment, Refused, say_problem, spoken
from tideng_admin.screens import LAMP_LOOKS, READ, WRITE, Page, Screen, locale, named, needs, takes, web, window_words
from tideng_orgchart.edit import service
from tideng_orgchart.organisation import photos
from tideng_orgchart.screens.edit import OrganisationEditPage
from tideng_orgchart.screens.table_import import OrganisationImportPage, called, field_words
from tideng_orgchart.views import organisation
from tideng_orgchart.views.organisation import Face, UnitNode
from tideng_orgchart.views.post import (
    Expected,
    PostPage,
    post_page,
    who_answers,
)

MOST_POSTS = 4
"""So many stand in a box of the drawn chart; the unit's own page has them all."""
MOST_LISTED = 500
READERS = ("hr", "supervisor", "implementer", "auditor", "employee")


class OrganisationPage(Page):
    """Everybody who is signed in may look; HR changes."""

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
            may_edit=service.may_edit(web().viewer()),
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
        return self._shown("unit", it=it, title=it.it.name, may_edit=service.may_edit(web().viewer()))

    @expose("/positions/<path:id>")
    @needs(READ)
    def position(self, id: str) -> Any:
        it = self.read(post_page, web().deployment, id, asked_day(), request.args.get("after", ""))
        may_edit = service.may_edit(web().viewer())
        people = _colleagues() if may_edit and not request.args.get("part") else ()
        since = max(it.day, service.today(web().directory(), web().deployment)).isoformat()
        words = {"expected": expected_words(it), "people": people, "since": since}
        return self._shown("post", it=it, title=it.name, may_edit=may_edit, **words)

    @expose("/people/<path:id>")
    @needs(READ)
    def person(self, id: str) -> Any:
        it = self.read(organisation.card, id, asked_day())
        may_photo = photos.may_change(web().viewer(), id)
        return self._shown("card", it=it, title=it.face.name, may_photo=may_photo)

    @expose("/who-answers")
    @needs(READ)
    def who_answers(self) -> Any:
        day = asked_day()
        processes = self.read(who_answers, web().deployment, day)
        return render_template("orgchart/who_answers.html", processes=processes, asked=day)

    def _shown(self, what: str, **values: Any) -> Any:
        """A page of its own; with ``?part=1`` only what stands in it, for the panel beside the chart."""
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
        # its address changes with it; kept by this browser alone, since it shows a person
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
            return _("The photo is gone.")
        photos.put(here.deployment, here.viewer(), here.directory(), person, data)
        return _("The photo is kept.")

    # -- changes -----------------------------------------------------------------------------------------------------
    @expose("/positions/<path:id>/duties", methods=["POST"])
    @needs(WRITE)
    def set_duties(self, id: str) -> Any:
        form, here = request.form, web()

        def said() -> str:
            service.set_duties(
                here.deployment, here.viewer(), here.directory(), id, form.get("duties", ""), form.get("from", "")
            )
            return _("Kept. What was expected before stays as it was.")

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
    """Who can be chosen from a list; nobody where they are too many for one. An id or a name can be typed anyway."""
    here = web()
    members = here.directory().rosters.at(here.now()).members
    return members if len(members) <= MOST_LISTED else ()


def done(act: Callable[[], str], endpoint: str, **values: Any) -> Any:
    """Do it, say what was done or why not, and go back."""
    try:
        flash(act(), "success")
    except Refused as refused:
        for problem in refused.problems:
            flash(say_problem(problem, locale()).line, "warning")
    return redirect(url_for(endpoint, **values))


def asked_day() -> date | None:
    """The day in ``?day=``; None for today, and for a spoilt address."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2200 else None


def _later(day: str) -> str | None:
    """The day where it is still to come, so that a page shows what was just said of it; None for today and before."""
    return day if day > service.today(web().directory(), web().deployment).isoformat() and _is_day(day) else None


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def found_at(one: organisation.Found) -> str:
    asked = asked_day()
    name = {"person": "person", "position": "position", "unit": "unit"}[one.kind]
    return url_for(f"OrganisationPage.{name}", id=one.id, day=asked.isoformat() if asked else None)


def people_words(number: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", number)


def post_words(post: organisation.PostLine) -> str:
    """Who holds a post, in a word: a name, a number, or that it is empty."""
    if not post.holders:
        return _("Vacant")
    held = post.only or people_words(post.holders)
    return f"{held} · {ngettext('%(num)s vacant', '%(num)s vacant', post.missing)}" if post.missing else held


def lamp_words(face: Face) -> str:
    return str(LAMP_LOOKS[face.lamp][1]) if face.lamp else ""


def nodes_of(units: Iterable[UnitNode], root: str) -> list[dict[str, Any]]:
    """Units as the script draws them, those above before those below."""
    found: list[dict[str, Any]] = []
    waiting = list(units)
    for one in waiting:
        waiting.extend(one.units)
        found.append(_node(one, root))
    return found


def _node(one: UnitNode, root: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "parent": "" if one.id == root else one.parent,
        "name": one.name,
        "people": people_words(one.people),
        "head": _head(one.head) if one.head else None,
        "outside": one.outside,
        "posts": [
            {"id": post.id, "name": post.name, "held": post_words(post), "empty": post.missing > 0}
            for post in one.posts[:MOST_POSTS]
        ],
        "more": len(one.posts[MOST_POSTS:]),
        "inside": one.inside,
        "loaded": not one.inside or bool(one.units),
    }


def _head(face: Face) -> dict[str, Any]:
    return {
        "id": face.person,
        "name": face.name,
        "initial": face.name[:1],
        "photo": url_for("OrganisationPage.photo", id=face.person, v=face.photo) if face.photo else "",
        "look": str(LAMP_LOOKS[face.lamp][0]) if face.lamp else "",
        "lamp": lamp_words(face),
        "reports": ngettext("leads %(num)s directly", "leads %(num)s directly", face.reports) if face.reports else "",
    }


def expected_words(it: PostPage) -> list[Mapping[str, Any]]:
    """What is expected, as the page says it: by when, the goal, and where its holders stand."""
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
    """The time that is meant, unless the title says it already."""
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


def script_words() -> Mapping[str, str]:
    """What the script says, in the reader's language."""
    return {
        "open": _("Show the units below"),
        "close": _("Hide the units below"),
        "loading": _("Loading…"),
        "lost": _("The connection was interrupted. Please try once more."),
        "nothing": _("Nothing fits."),
        "vacant": _("Vacant"),
        "outside": _("led by %(name)s", name="{name}"),
        "person": _("Person"),
        "position": _("Position"),
        "unit": _("Unit"),
        "shut": _("Close"),
        "saved": _("Saved: %(file)s", file="{file}"),
        "title": _("Organisation"),
        "chart": _("Organisation chart"),
        "company": web().deployment.profile.client or _("Everyone"),
    }


SCREENS = (
    Screen(
        OrganisationPage,
        {"zh": "组织", "en": "Organisation"},
        "org",
        order=60,
        roles=dict.fromkeys(READERS, ("read",)) | {"hr": ("read", "write")},
    ),
    Screen(
        OrganisationEditPage,
        {"zh": "改组织", "en": "Change the organisation"},
        "org",
        hidden=True,
        under="OrganisationPage",
        roles={"hr": ("read", "write")},
    ),
    Screen(
        OrganisationImportPage,
        {"zh": "导入组织", "en": "Import the organisation"},
        "org",
        hidden=True,
        under="OrganisationPage",
        roles={"hr": ("read", "write")},
    ),
)
