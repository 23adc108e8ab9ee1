"""The first page of whoever looks after others: what needs somebody, a lamp for everyone, and what happens next by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection, select

from tideng.outbox import contest, storm_decisions
from tideng.store.database import reading
from tideng.store.event_reading import any_event
from tideng.store.findings import any_finding
from tideng.views.day_board import (
    LAMPS,
    LIT,
    Board,
    BoardFilter,
    BoardPerson,
    UnitLamps,
    board,
    in_state,
)
from tideng_admin.display import rules as rules_shown
from tideng_admin.display.base_page import READ, Page, needs
from tideng_admin.display.filters import named
from tideng_admin.display.upcoming import (
    UpcomingCheck,
    coming,
    next_words,
)
from tideng_admin.request.context import Web, web
from tideng_rules.lifecycle import drafts
from tideng_rules.lifecycle.drafts import ASKED
from tideng_rules.lifecycle.versions import any_in_force, documents_of_versions

MOST_LAMPS = 400
"""With more people than this a unit is one bar instead of a lamp for everyone."""
MOST_UNITS = 24
"""With more units than this those below are counted with the one above them."""
_FIRST, _ALL = 6, 200
ON_TRIP = "person.on_trip"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person. `fault`: a machine's, which alone may be red. `href` "": there is no page for it."""

    icon: str
    title: str
    text: str
    href: str = ""
    button: str = ""
    fault: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """One unit as it is drawn: `lamps` are (person, name, status), none where it is one bar; `below`: it stands for the
    units below it, too."""

    unit: str
    name: str
    counts: Mapping[str, int]
    lamps: tuple[tuple[str, str, str], ...] = ()

    @property
    def size(self) -> int:
        return sum(self.counts.values())

    @property
    def lit(self) -> int:
        return self.counts[LIT]

    @property
    def shares(self) -> list[tuple[str, float]]:
        """(status, per cent of the bar), in the order of the legend."""
        return [(status, 100 * self.counts[status] / self.size) for status in LAMPS if self.counts[status]]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person under “what happens next”: what is open, and what becomes of it."""

    one: BoardPerson
    unit: str
    what: str
    next: str
    more: int


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of the first day. `state`: done, now, later."""

    state: str
    title: str
    text: str
    href: str
    button: str


class TodayPage(Page):
    """`?show=STATUS` (or ``all``) lists everyone in it; without it the list begins with what is about to happen."""

    route_base = "/today"
    class_permission_name = "Today"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        here, show = web(), request.args.get("show", "")
        show = show if show in LAMPS or show == "all" else ""
        with reading(here.engine) as connection:
            steps = first_steps(connection, here)
            if steps:
                return render_template("tideng/first_day.html", steps=steps, people=len(_roster(here)), wanted=_needs())
            wanted = (show,) if show in LAMPS else ()
            found = self.read_with(connection, board, BoardFilter(show=wanted, most=_ALL if show else _FIRST))
            lines = lines_of(connection, here, found.people)
            on_trip = ON_TRIP in here.deployment.catalogue.states
            away = self.read_with(connection, in_state, ON_TRIP) if on_trip else 0
        return render_template(
            "tideng/today.html",
            found=here.counters(),
            wanted=_needs(),
            board=found,
            groups=groups_of(found, here),
            lines=lines,
            show=show,
            away=away,
            asking=_still_today(here),
        )


def _roster(here: Web) -> Sequence:
    return here.directory().rosters.at(here.now()).members


def _still_today(here: Web) -> list[UpcomingCheck]:
    """Which rules still ask today, by the reader's own clock."""
    local = here.now().astimezone(here.zone())
    midnight = local.replace(hour=23, minute=59, second=59)
    return coming(here, here.zone().key, until=midnight)


def lines_of(connection: Connection, here: Web, people: Sequence[BoardPerson]) -> list[PersonLine]:
    """What is open for these people and what becomes of it, in words. Two statements, whoever many they are."""
    firsts = [one.first for one in people]
    known = documents_of_versions(connection, {(one.rule, one.version) for one in firsts})
    missing = {one.rule for one in firsts if (one.rule, one.version) not in known}
    titles = rules_shown.titles(connection, missing)
    units = here.directory().units
    lines = []
    for one in people:
        document = known.get((one.first.rule, one.first.version))
        title = rules_shown.text_of(document.get("title")) if document else titles.get(one.first.rule, {})
        unit = units[one.unit].name if one.unit in units else one.unit
        what = named(title, one.first.rule)
        lines.append(PersonLine(one, unit, what, next_words(one.first, document, here), len(one.matters) - 1))
    return lines


def groups_of(found: Board, here: Web) -> list[Group]:
    """The units as they are drawn: a lamp for everyone, or above a limit one bar a unit."""
    if found.size <= MOST_LAMPS:
        return [_with_lamps(unit, found) for unit in found.units]
    units = here.directory().units
    if len(found.units) <= MOST_UNITS:
        return [Group(one.unit, one.name, one.counts) for one in found.units]
    line = here.directory().groups.line
    gathered: dict[str, dict[str, int]] = {}
    for depth in (3, 2, 1):
        gathered = {}
        for one in found.units:
            above = line(one.unit)[::-1]
            of = gathered.setdefault(above[min(depth, len(above)) - 1] if above else one.unit, dict.fromkeys(LAMPS, 0))
            for status, number in one.counts.items():
                of[status] += number
        if len(gathered) <= MOST_UNITS:
            break
    return [Group(unit, units[unit].name if unit in units else unit, counts) for unit, counts in gathered.items()]


def _with_lamps(unit: UnitLamps, found: Board) -> Group:
    lamps = tuple((one.person, one.name, found.status_of(one.person)) for one in unit.members)
    return Group(unit.unit, unit.name, unit.counts, lamps)


# -- the first day -------------------------------------------------------------------------------------------------------


def first_steps(connection: Connection, here: Web) -> list[FirstStep]:
    """What is left before the lamps can be lit; [] once rules speak about people who are heard of. One statement."""
    people = len(_roster(here))
    heard, spoke, rules = connection.execute(
        select(
            any_event(),
            any_finding(),
            any_in_force(),
        )
    ).one()
    if spoke or (people and rules and heard):
        return []
    may_pick = here.may("can_read", "Drafts") and "GalleryPage.show_all" in current_app.view_functions
    steps = [
        (
            bool(people),
            _("Bring the people in"),
            ngettext("%(num)s person is here.", "%(num)s people are here.", people)
            if people
            else _("A list of people, units and positions: the organisation plugin reads it from a file."),
            url_for("PeoplePage.show_all") if people else url_for("PluginsPage.show_all"),
            _("See the list") if people else _("See how"),
        ),
        (
            bool(rules),
            _("Pick three rules"),
            _("Rules are in force.") if rules else _("Try them on the past first. Nothing is sent before you say so."),
            url_for("GalleryPage.show_all" if may_pick and not rules else "RulesPage.show_all"),
            _("See the rules") if rules else _("Pick rules"),
        ),
        (
            bool(heard),
            _("Let the records in"),
            _("The first records are here.")
            if heard
            else _("Reports, trips and visits come from the systems you have, with a key for each."),
            url_for("KeysPage.show_all") if here.may("can_write", "Keys") else url_for("EventsPage.show_all"),
            _("Have a look"),
        ),
    ]
    now = next((number for number, step in enumerate(steps) if not step[0]), len(steps))
    shown = []
    for number, (done, *words) in enumerate(steps):
        shown.append(FirstStep("done" if done else "now" if number == now else "later", *words))
    return shown


# -- what needs somebody -------------------------------------------------------------------------------------------------


def _needs() -> list[Need]:
    found = web().counters()
    wanted = []
    if found.failed_plugins:
        text = _("The platform runs on without it; what it heard before stays.")
        title = ngettext("%(num)s plugin is switched off", "%(num)s plugins are switched off", found.failed_plugins)
        wanted.append(Need("plug", title, text, url_for("PluginsPage.show_all"), _("Have a look"), True))
    engine = web().engine_state()
    if engine is not None and not engine.as_asked:
        title = _("%(judging)s judge in place of %(asked)s", judging=engine.judging, asked=engine.asked)
        text = _(
            "Every rule is judged, but the answers are not compared: %(why)s. What to do: %(way_out)s.",
            why=named(engine.why),
            way_out=named(engine.way_out),
        )
        wanted.append(Need("alert", title, text, fault=True))
    aside = web().attention()
    if aside:
        title = ngettext("%(num)s rule is quarantined", "%(num)s rules are quarantined", len(aside))
        text = _("The other rules go on. Edit and publish it, or try it again.")
        href = url_for("RulesPage.show_all") + "#aside"
        wanted.append(Need("rule", title, text, href, _("Have a look"), True))
    wanted += _decisions()
    if found.failed_events:
        title = ngettext("%(num)s event could not be judged", "%(num)s events could not be judged", found.failed_events)
        href = url_for("EventsPage.show_all", status="failed")
        wanted.append(
            Need("alert", title, _("It is kept, and nobody was reminded by mistake."), href, _("Look at them"), True)
        )
    if found.parked:
        title = ngettext("%(num)s message was not delivered", "%(num)s messages were not delivered", found.parked)
        href = url_for("OutboxPage.show_all", status="parked")
        wanted.append(Need("bell", title, _("It was tried several times and is kept."), href, _("Send again"), True))
    if found.dead_letters:
        title = ngettext("%(num)s payload could not be read", "%(num)s payloads could not be read", found.dead_letters)
        text = _("Nothing is lost: fix the cause and try again.")
        wanted.append(Need("cloud", title, text, url_for("LettersPage.show_all"), _("Look at them")))
    if found.missed_runs:
        title = ngettext(
            "%(num)s round of reminders was left out", "%(num)s rounds of reminders were left out", found.missed_runs
        )
        text = _("The system was down at that time, and afterwards it was too late to send.")
        wanted.append(Need("clock", title, text, url_for("RulesPage.missed"), _("Look at them")))
    wanted += _contested(found.disputed)
    return wanted


def _contested(today: int) -> list[Need]:
    """What people say is not right, as long as nobody has looked; the one in so many words where it is one."""
    here, text = web(), _("Somebody says it is not right. Have a look together.")
    found = []
    if here.viewer().sees_all:
        with reading(here.engine) as connection:
            found = contest.open_contests(connection, here.viewer(), here.directory(), here.now())
    number = len(found) or today
    if not number:
        return []
    if len(found) == 1:
        text = _("%(name)s: %(reason)s", name=found[0].person_name, reason=found[0].reason)
    title = ngettext("%(num)s nudge was contested", "%(num)s nudges were contested", number)
    href = url_for("ContestsPage.show_all") if found else _contests()
    return [Need("people", title, text, href, _("Look at them"))]


def _contests() -> str:
    """Where a contested nudge is decided; whoever may not decide reads them in the list."""
    if web().may("can_read", "Contests"):
        return url_for("ContestsPage.show_all")
    return url_for("NudgesPage.show_all", status="disputed")


def _decisions() -> list[Need]:
    """Rules that were paused because they would have told far too many, and drafts that wait for a second person."""
    here = web()
    if not here.viewer().sees_all:
        return []
    with reading(here.engine) as connection:
        storms = storm_decisions.held_storms(connection, here.viewer())
        unfinished = drafts.drafts(connection, here.viewer())
        titles = rules_shown.titles(connection, {one.rule for one in storms})
    wanted = []
    for storm in storms:
        title = _(
            "“%(rule)s” is paused: it would tell %(n)s people",
            rule=named(titles.get(storm.rule), storm.rule),
            n=storm.people,
        )
        text = _("Far more than in its preview. Its messages are kept until you decide.")
        wanted.append(Need("pause", title, text, url_for("RulesPage.show", rule=storm.rule), _("Decide")))
    held_up = [one for one in unfinished if one.held_up]
    if held_up:
        title = ngettext(
            "%(num)s rule was not published at its time", "%(num)s rules were not published at their time", len(held_up)
        )
        text = _("Something stood in the way by then; what, is said beside the draft.")
        wanted.append(Need("clock", title, text, _draft_of(held_up), _("Have a look")))
    asked = [one for one in unfinished if one.state == ASKED]
    mine = [one for one in asked if here.viewer().login not in (one.author, one.changed_by)]
    if mine:
        title = ngettext("%(num)s draft waits for approval", "%(num)s drafts wait for approval", len(mine))
        text = _("Somebody who did not write it has a look first.")
        wanted.append(Need("rule", title, text, _draft_of(mine), _("Have a look")))
    return wanted


def _draft_of(found: Sequence[drafts.Draft]) -> str:
    """The draft where it is one, else the list of them."""
    return url_for("DraftsPage.show", id=found[0].id) if len(found) == 1 else url_for("DraftsPage.show_all")


def greeting(local: datetime) -> str:
    """Good morning, afternoon or evening, by the reader's own clock."""
    if 5 <= local.hour < 12:
        return _("Good morning")
    return _("Good afternoon") if 12 <= local.hour < 18 else _("Good evening")
