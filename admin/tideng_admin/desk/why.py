"""The page that answers why a rule said nothing to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tideng.base.errors import NotFound
from tideng.store.database import reading
from tideng_admin.display import rules as rules_shown
from tideng_admin.display.base_page import READ, Page, needs
from tideng_admin.display.why_tree import TreePart, parts_of
from tideng_admin.request.context import locale, web
from tideng_rules.why.answer import STOPPED, UNUSED, WhyNot
from tideng_rules.why.why_not import Question, why_not
from tideng_rules.wording.answers import chosen

CHECKS: Mapping[str, Any] = {
    "rule": _l("Rule"),
    "moment": _l("When"),
    "subject": _l("Who"),
    "heard": _l("Asked"),
    "conditions": _l("If"),
    "limit": _l("How often"),
    "known": _l("Known then"),
    "withdrawn": _l("Withdrawn"),
    "held": _l("Sending"),
    "record": _l("Result"),
}
_TO_CHOOSE_FROM = 300
"""With more people than this the page takes an id instead of a list."""


class WhyNotPage(Page):
    """Pick a rule, a person and a moment: what kept it silent, or what it said. `?and=PERSON` puts a second one beside."""

    route_base = "/why-not"
    class_permission_name = "Nudges"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        asked = request.args
        rule, person = asked.get("rule", ""), asked.get("person", "") or web().viewer().person
        scope = web().viewer().scope(self.directory, web().now())
        # where somebody works, and their name, are no business of whoever may not ask about them
        in_sight = self.directory.knows(person) and (scope is None or person in scope)
        zone = self.directory.zone_of(person, web().now()) if in_sight else web().zone()
        moment, problem = _moment(asked.get("at", ""), zone)
        other = asked.get("and", "").strip()
        answers: list[WhyNot] = []
        with reading(web().engine) as connection:
            rules = rules_shown.rules(connection)
            if rule and person and not problem:
                try:
                    for one in dict.fromkeys(filter(None, (person, other))):
                        answers.append(
                            why_not(
                                web().deployment,
                                connection,
                                web().viewer(),
                                Question(rule, one, moment),
                                self.directory,
                            )
                        )
                except NotFound:
                    problem = _("There is no such rule, or nobody of that name whom you may see.")
        return render_template(
            "tideng/why_not.html",
            rules=rules,
            people=self._people(),
            rule=rule,
            person=person,
            person_name=web().name_of(person) if in_sight else person,
            other=other,
            at=f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}",
            answers=[_answered(one) for one in answers],
            problem=problem,
        )

    def _people(self) -> list[tuple[str, str]]:
        """(id, name) of whom the reader may ask about, by name; nobody where they are too many for a list."""
        scope = web().viewer().scope(self.directory, web().now())
        found = [one for one in self.directory.members(web().now()) if scope is None or one.person in scope]
        if len(found) > _TO_CHOOSE_FROM:
            return []
        return sorted(((one.person, one.name) for one in found), key=lambda pair: (pair[1], pair[0]))


@dataclass(frozen=True, slots=True)
class PathStep:
    """One line of the path: `state` as the marks name them ('' passed, no, na), and whether it was the answer."""

    state: str
    key: str
    text: str
    deciding: bool
    finding: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as it is drawn."""

    of: WhyNot
    said: str
    steps: list[PathStep]
    parts: list[TreePart]
    ladder: list[str]


def _answered(answer: WhyNot) -> Answered:
    return Answered(
        answer,
        chosen(answer.answer, locale()),
        _steps(answer),
        parts_of(answer.conditions),
        [chosen(step.said, locale()) for step in answer.ladder],
    )


def _steps(answer: WhyNot) -> list[PathStep]:
    states = {STOPPED: "no", UNUSED: "na"}
    return [
        PathStep(
            states.get(check.state, ""),
            str(CHECKS[check.what]),
            _capital(chosen(check.said, locale())),
            check.deciding,
            check.finding,
        )
        for check in answer.checks
    ]


def _moment(text: str, zone: ZoneInfo) -> tuple[datetime, str]:
    """The moment that was asked for, in the person's zone; now, and what is the matter, where it cannot be read."""
    if not text:
        return web().now(), ""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if not 1970 <= moment.year <= 9000:
            raise ValueError(text)
    except ValueError:
        return web().now(), _("This is not a day or a moment.")
    return moment, ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
