"""People: a list that stays quick with a hundred thousand, and a page for each one with what is known and expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng.model.templates import spoken
from tideng.plugins.cards import beside_person
from tideng.store.database import reading
from tideng.views.day_board import LAMPS, BoardFilter, board
from tideng.views.nudges import NudgeFilter, nudges
from tideng.views.people import (
    Awaited,
    MetricShown,
    PeopleFilter,
    awaited,
    metrics_of,
    people_list,
    person_card,
)
from tideng_admin.desk.today import lines_of
from tideng_admin.display import rules
from tideng_admin.display.base_page import READ, Page, needs
from tideng_admin.display.filters import LAMP_LOOKS, named
from tideng_admin.display.upcoming import (
    coming,
    deed_words,
    later_deeds,
)
from tideng_admin.request.choices import units_to_choose
from tideng_admin.request.context import Web, locale, web
from tideng_rules.lifecycle.versions import documents_of_versions

_LATELY = 8


class PeoplePage(Page):
    """Search, one unit, one status, page by page. A supervisor sees the people below them; HR everyone."""

    route_base = "/people"
    class_permission_name = "People"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        asked, here = request.args, web()
        words, unit, status = (asked.get(name, "").strip()[:100] for name in ("q", "unit", "status"))
        status = status if status in LAMPS else ""
        page = self.read(people_list, PeopleFilter(words, unit, status), asked.get("after", ""))
        return render_template(
            "tideng/people.html",
            page=page,
            words=words,
            unit=unit,
            status=status,
            units=units_to_choose(here.directory()),
            unit_name=here.directory().units[unit].name if unit in here.directory().units else unit,
            choices=[(name, LAMP_LOOKS[name][1]) for name in LAMPS],
        )

    @expose("/<string:id>")
    @needs(READ)
    def show(self, id: str) -> str:
        if not 0 < len(id) <= 120:
            abort(404)
        here = web()
        viewer, directory, now = here.viewer(), here.directory(), here.now()
        card = person_card(viewer, directory, now, id)
        with reading(here.engine) as connection:
            today = self.read_with(connection, board, BoardFilter(only=frozenset({id})))
            lines = lines_of(connection, here, today.people)
            wanted = NudgeFilter(person=id)
            lately = self.read_with(connection, nudges, wanted, size=_LATELY)
            waited = self.read_with(connection, awaited, id)
            figures = self.read_with(connection, metrics_of, here.deployment.catalogue, id)
            known = documents_of_versions(connection, {(one.rule, one.version) for one in waited})
            open_matters = today.people[0].matters if today.people else ()
            spoken_of = {one.rule for part in (lately.items, waited, open_matters) for one in part}
            titles = rules.titles(connection, spoken_of)
            asides = beside_person(here.deployment, connection, viewer, directory, id, now)
        return render_template(
            "tideng/person.html",
            it=card,
            status=today.status_of(id),
            matters=open_matters,
            line=lines[0] if lines else None,
            lately=lately,
            titles=titles,
            asides=asides,
            waited=[_waited(one, known, id, here) for one in waited],
            asks=coming(here, card.timezone) if card.employed else [],
            figures=[_figure(one) for one in figures],
            local=now.astimezone(directory.zone_of(id, now)),
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """What a rule waits for, as a line."""

    one: Awaited
    what: str


def _waited(one: Awaited, known: Mapping[tuple[str, int], Mapping[str, Any]], person: str, here: Web) -> Wait:
    document = known.get((one.rule, one.version), {})
    deeds = later_deeds(document, one.step) if one.step else _then(document)
    return Wait(one, deed_words(deeds, person, one.due, here) or _("it is looked at again"))


def _then(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    then = document.get("then") or ()
    return [one for one in (then if isinstance(then, list) else [then]) if isinstance(one, Mapping)]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric in words. `share`: how far the value is along the target, 0–100, None where there is no bar to draw."""

    title: str
    window: str
    value: str
    target: str
    peers: str
    share: float | None
    peers_at: float | None


def window_words(window: str) -> str:
    """A metric's window in the reader's language."""
    days = re.fullmatch(r"last (\d+) days?", window)
    if days:
        return _("the last %(n)s days", n=days[1])
    known = {"today": _("today"), "this week": _("this week"), "this month": _("this month")}
    return known.get(window, _("this trip") if window == "this trip" else window)


def _figure(one: MetricShown) -> Figure:
    number = one.value if isinstance(one.value, int | float) and not isinstance(one.value, bool) else None
    operator, goal = one.target or ("", 0.0)
    scale = max(goal, number or 0, one.peers or 0)
    drawn = one.target is not None and scale > 0
    return Figure(
        named(one.title, one.name),
        window_words(one.window),
        spoken(_rounded(one.value), locale(), _("no data")),
        f"{operator} {spoken(_rounded(goal))}".replace(">=", "≥").replace("<=", "≤") if one.target else "",
        spoken(_rounded(one.peers)) if one.peers is not None else "",
        100 * (number or 0) / scale if drawn and number is not None else None,
        100 * one.peers / scale if drawn and one.peers is not None else None,
    )


def _rounded(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value
