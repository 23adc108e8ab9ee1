"""The pages for people who look after processes: figures of each process, the step to look at first, its cases and versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from flask import render_template, request
from flask_appbuilder import expose
from sqlalchemy import Connection

from tideng.plugin import NotFound, Text, phrase, reading, zone
from tideng_admin.screens import READ, Page, Screen, cursor, locale, needs, web
from tideng_processes.document.diagram import mermaid
from tideng_processes.document.differences import differences
from tideng_processes.measurement.estimates import WINDOWS, PastSteps, step_times
from tideng_processes.measurement.statistics import (
    FEW,
    ProcessFigures,
    figures,
    late_steps,
    open_by_version,
)
from tideng_processes.measurement.trial_comparison import Comparison, compare_trial
from tideng_processes.publication.registry import Published
from tideng_processes.publication.trials import Trial, last_trial
from tideng_processes.screens.case import CASE_SCREENS
from tideng_processes.screens.editor import EDITOR_SCREENS
from tideng_processes.screens.shared import (
    READS,
    WRITES,
    latest,
    may_write,
    processes,
)
from tideng_processes.views.case_list import CaseQuery, case_list
from tideng_processes.views.process_page import (
    StepCard,
    good_ends,
    spans,
    step_cards,
)

LATELY = 6
"""The cases on a process's page; a link leads to the others."""
REMEMBERED = timedelta(days=90)
"""How long a trial that is over is shown on its process's page."""
STATES: Mapping[str, Mapping[str, Any]] = {
    "open": {"open": True},
    "late": {"late": True},
    "ended": {"open": False},
    "all": {},
}
"""What a list of cases may be of, as `CaseQuery` has it."""


@dataclass(frozen=True, slots=True)
class ListedProcess:
    """A process in the list: its latest version and its figures."""

    it: Published
    figures: ProcessFigures

    @property
    def slowest(self) -> Text:
        """The title of the step to look at first; {} where there is none."""
        node = self.it.definition.nodes.get(self.figures.slowest)
        return node.title if node else {}

    @property
    def quiet(self) -> bool:
        return not self.figures.began and not self.figures.open


@dataclass(frozen=True, slots=True)
class TrialCard:
    """A trial as its card shows it: its last day, the steps that differ, and all steps."""

    it: Trial
    last_day: date
    steps: list[tuple[Text, Comparison]]
    all: Comparison


class ProcessesPage(Page):
    """All processes, and one with its steps. A supervisor sees the figures of the team's cases."""

    route_base = "/processes"
    class_permission_name = "Processes"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        known = processes().all()
        found = self.read(figures, [one.definition for one in known])
        lines = [ListedProcess(one, found[one.definition.id]) for one in known]
        return render_template(
            "processes/list.html", lines=sorted(lines, key=lambda line: line.quiet), writes=may_write()
        )

    @expose("/<string:process>")
    @needs(READ)
    def show(self, process: str) -> str:
        published, registry = latest(process), processes()
        it = published.definition
        with reading(web().engine) as connection:
            found = self.read_with(connection, figures, [it])[process]
            running = self.read_with(connection, open_by_version, process)
            under_way = CaseQuery(process=process, open=True, size=LATELY)
            lately = self.read_with(connection, case_list, registry, under_way)
            cards = step_cards(it, found, locale(), self.directory)
            chosen = _chosen(cards, request.args.get("step", ""))
            why = self.read_with(connection, late_steps, process, chosen.id) if chosen.figures.late else None
            trial = self._trial(connection, process)
            times = self.read_with(connection, step_times, web().deployment.calendar, PastSteps(it, chosen.id, _days()))
        return render_template(
            "processes/process.html",
            it=it,
            published=published,
            figures=found,
            good=good_ends(it, found),
            cards=cards,
            chosen=chosen,
            why=why,
            trial=trial,
            times=times,
            spans=spans(times, locale()),
            windows=WINDOWS,
            few=FEW,
            running=running,
            lately=lately.items,
            versions=registry.versions(process),
            diagram=mermaid(it, locale(), self.directory, first=found.slowest),
            writes=may_write(),
        )

    def _trial(self, connection: Connection, process: str) -> TrialCard | None:
        """The last trial with its comparison; None where none runs or ended recently. Two statements, one where there is none."""
        it, registry = last_trial(connection, process), processes()
        if it is None or (it.settled_at is not None and web().now() - it.settled_at > REMEMBERED):
            return None
        before, tried = registry.version(process, it.before), registry.version(process, it.version)
        if before is None or tried is None:
            return None
        found = self.read_with(connection, compare_trial, it, before.definition, tried.definition)
        titles = {id: node.title for id, node in tried.definition.nodes.items()}
        last_day = it.last_day(zone(self.directory.default_zone))
        return TrialCard(it, last_day, [(titles[id], one) for id, one in found.nodes.items()], found.all)

    @expose("/<string:process>/cases")
    @needs(READ)
    def cases(self, process: str) -> str:
        it, state = latest(process).definition, request.args.get("state", "open")
        state = state if state in STATES else "open"
        node = request.args.get("step", "")
        node = node if node in it.nodes else ""
        query = CaseQuery(process=process, node=node, before=cursor(), **STATES[state])
        page = self.read(case_list, processes(), query)
        return render_template("processes/cases.html", it=it, page=page, state=state, node=node)

    @expose("/<string:process>/versions/<int:version>")
    @needs(READ)
    def version(self, process: str, version: int) -> str:
        """One version, its differences from the version before it, and those of the current version from it."""
        registry = processes()
        published = registry.version(process, version)
        if published is None:
            raise NotFound("no-process-version", {"version": version, "name": process})
        known, it = registry.versions(process), published.definition
        before = next((old for new, old in pairwise(known) if new.version == version), None)
        return render_template(
            "processes/version.html",
            it=it,
            published=published,
            newest=known[0],
            changes=differences(before.definition, it, self.directory) if before else [],
            since=differences(it, known[0].definition, self.directory),
            cards=step_cards(it, ProcessFigures(), locale(), self.directory),
            diagram=mermaid(it, locale(), self.directory),
            running=self.read(open_by_version, process).get(version, 0),
            writes=may_write(),
        )


def _days() -> int:
    """The period that was asked for, in days."""
    asked = request.args.get("days", type=int)
    return asked if asked in WINDOWS else WINDOWS[0]


def _chosen(cards: list[StepCard], asked: str) -> StepCard:
    """The step that was asked for, else the step to look at first, else the first one."""
    named = next((one for one in cards if one.id == asked), None)
    return named or next((one for one in cards if one.first), cards[0])


SCREENS: tuple[Screen, ...] = (
    Screen(
        ProcessesPage,
        phrase("Processes"),
        "flow",
        order=45,
        roles={"hr": WRITES, "implementer": WRITES, "supervisor": READS, "auditor": READS},
    ),
    *CASE_SCREENS,
    *EDITOR_SCREENS,
)
