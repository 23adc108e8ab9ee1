"""Changing a process: its document in a form that is checked while one writes, or as text; every change is a new version.

What is published is for new cases. Those that are under way stay on their version until somebody moves them, and before that
the page says how many people it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from jinja2.utils import htmlsafe_json_dumps

from tideng.model.templates import choose
from tideng.org.directory import zone
from tideng.plugin import NotFound, Problem, Refused, problem_in_json, say_problem
from tideng.store.database import reading
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.filters import day
from tideng_admin.request.context import locale, web
from tideng_admin.screens import ICONS, Screen
from tideng_processes.cases.version_change import move_cases, older_cases
from tideng_processes.document.blank_process import blank_document
from tideng_processes.document.diagram import mermaid
from tideng_processes.document.differences import differences
from tideng_processes.document.model import (
    ACCEPTED,
    FIELD_TYPES,
    MOST_IDEAS,
    OPERATORS,
    PAPER_KINDS,
    Definition,
    Node,
    OwnerChoice,
)
from tideng_processes.document.sentences import role_words
from tideng_processes.document.yaml_text import as_text, read_typed
from tideng_processes.measurement.estimates import WINDOWS, Estimate, estimates
from tideng_processes.measurement.statistics import FEW, open_by_version, touched
from tideng_processes.publication import publishing, trials
from tideng_processes.publication.registry import Published
from tideng_processes.screens.shared import (
    WRITES,
    latest,
    processes,
    say_problems,
)

NEW = "-"
"""Stands in an address for a process that is not there yet: no process is called that."""


class ProcessEditorPage(Page):
    """HR and implementers write processes here; who may publish is asked again where it is done."""

    route_base = "/processes"
    class_permission_name = "ProcessEditor"
    default_view = "new"

    # -- the form ------------------------------------------------------------------------------------------------
    @expose("/-/edit")
    @needs(READ)
    def new(self) -> str:
        return self._editor(NEW, blank_document(), 0)

    @expose("/<string:process>/edit")
    @needs(READ)
    def edit(self, process: str) -> str:
        published = latest(process)
        return self._editor(process, published.definition.document, published.version)

    def _editor(
        self, process: str, document: Mapping[str, Any], base: int, text: str | None = None, problems: Any = ()
    ) -> str:
        running, trial = self._running(process), self._trial(process)
        boot = {
            "process": process,
            "document": document,
            "base": base,
            "running": running,
            "locale": locale(),
            "known": self._known(process),
            "checked": self._checked(process, document),
            "trial": trial,
        }
        return render_template(
            "processes/edit.html",
            process=process,
            title=document.get("title", {}),
            base=base,
            running=running,
            trial=trial,
            text=as_text(document) if text is None else text,
            typed=text is not None,
            problems=problems,
            # in the order in which it is written: Flask's own JSON sorts names
            boot=htmlsafe_json_dumps(boot, dumps=json.dumps, ensure_ascii=False),
        )

    def _running(self, process: str) -> int:
        return 0 if process == NEW else sum(self.read(open_by_version, process).values())

    def _trial(self, process: str) -> dict[str, Any] | None:
        """The version that is tried now, and its last day."""
        with reading(web().engine) as connection:
            found = trials.last_trial(connection, process)
        if found is None or not found.running:
            return None
        return {"version": found.version, "until": day(found.last_day(zone(self.directory.default_zone)))}

    def _known(self, process: str) -> dict[str, Any]:
        """What the form offers to choose from."""
        events, name = web().deployment.catalogue.event_types, locale()
        asked = [
            one.name for of in processes().all() for node in of.definition.nodes.values() for one in _roles_of(node)
        ]
        roles = sorted({*self.directory.roles, *asked, "hr"})
        return {
            "positions": [{"id": one.id, "title": one.name} for one in self.directory.positions.values()],
            "roles": [{"id": id, "title": choose(role_words(id), name)[0]} for id in roles],
            "events": [{"id": id, "title": choose(one.title, name)[0]} for id, one in sorted(events.items())],
            "icons": list(ICONS),
            "fieldTypes": list(FIELD_TYPES),
            "processes": [
                {"id": one.definition.id, "title": choose(one.definition.title, name)[0]} for one in processes().all()
            ],
            "paperKinds": list(PAPER_KINDS),
            "mostIdeas": MOST_IDEAS,
            "accepted": list(ACCEPTED),
            "operators": list(OPERATORS),
            "taken": [one.definition.id for one in processes().all() if one.definition.id != process],
        }

    # -- what the form asks while one writes ---------------------------------------------------------------------
    @expose("/<string:process>/check", methods=["POST"])
    @needs(WRITE)
    def check(self, process: str) -> Any:
        """Everything that is wrong with a document, its picture, what it does otherwise than the version in force, and what
        that would have meant for the steps of the past."""
        return jsonify(self._checked(process, _sent()))

    def _checked(self, process: str, document: Mapping[str, Any]) -> dict[str, Any]:
        definition, problems = publishing.checked(web().deployment, self.directory, document)
        problems = [
            one for one in problems if one.at != "key" or "key" in document
        ]  # it follows the id, which is told of
        problems += _about_the_name(process, document)
        return {
            "ok": not any(one.severity == "error" for one in problems),
            "problems": [_as_json(one) for one in problems],
            "diagram": mermaid(definition, locale(), self.directory) if definition else "",
            "differences": self._differences(process, definition),
            "guesses": self._guesses(process, definition),
        }

    def _guesses(self, process: str, draft: Definition | None) -> list[dict[str, str]]:
        """What the record says of the changes, each at its place: of a deadline how often it would have been met."""
        published = None if process == NEW else processes().latest(process)
        if draft is None or published is None:
            return []
        base = published.definition
        found = self.read(estimates, web().deployment.calendar, base, draft)
        told = [{"at": f"nodes.{one.node}.deadline", "words": _guess(one)} for one in found]
        unknown = _("What another owner would have meant, the record cannot say.")
        handed = [id for id, node in draft.nodes.items() if id in base.nodes and node.parts != base.nodes[id].parts]
        return [*told, *({"at": f"nodes.{id}.owner", "words": unknown} for id in handed)]

    @expose("/<string:process>/publish", methods=["POST"])
    @needs(WRITE)
    def publish(self, process: str) -> Any:
        return self._answer(process, 0)

    @expose("/<string:process>/try", methods=["POST"])
    @needs(WRITE)
    def try_out(self, process: str) -> Any:
        """Publish it for two weeks; then the version before it is for new cases again, unless somebody keeps it."""
        return self._answer(process, trials.DAYS)

    def _answer(self, process: str, days: int) -> Any:
        body = _sent(whole=True)
        document, note, base = body.get("document"), str(body.get("note") or ""), body.get("base")
        document = document if isinstance(document, Mapping) else {}
        try:
            version = self._published(process, document, note, base, days)
        except publishing.Stale as stale:
            return jsonify(
                error=_("Somebody else published meanwhile."), problems=[_as_json(one) for one in stale.problems]
            ), 409
        except Refused as refused:
            return jsonify(
                error=_("Something is still open."), problems=[_as_json(one) for one in refused.problems]
            ), 400
        return jsonify(version=version, href=self._said(str(document.get("id", process)), version, days))

    def _published(self, process: str, document: Mapping[str, Any], note: str, base: Any, days: int = 0) -> int:
        problems = _about_the_name(process, document)
        if problems:
            raise Refused("process", problems)
        number = base if isinstance(base, int) and not isinstance(base, bool) else -1
        here = web()
        return publishing.publish(here.deployment, here.viewer(), self.directory, document, note, number, days)

    def _differences(self, process: str, definition: Definition | None) -> list[str]:
        published = processes().latest(process)
        if definition is None or published is None:
            return []
        return [choose(one, locale())[0] for one in differences(published.definition, definition, self.directory)]

    def _said(self, process: str, version: int, days: int = 0) -> str:
        """Says that it is published, and gives the address of where one goes on."""
        if days:
            flash(_("Version %(n)s is tried: it is for new cases for two weeks.", n=version), "success")
            return url_for("ProcessesPage.show", process=process) + "#trial"
        with reading(web().engine) as connection:
            older = sum(n for of, n in self.read_with(connection, open_by_version, process).items() if of < version)
        flash(_("Version %(n)s is for new cases from now on.", n=version), "success")
        return (
            url_for("ProcessEditorPage.moving", process=process)
            if older
            else url_for("ProcessesPage.show", process=process)
        )

    # -- the document as text ------------------------------------------------------------------------------------
    @expose("/<string:process>/text", methods=["POST"])
    @needs(WRITE)
    def text(self, process: str) -> Any:
        """The same without a script: check what was typed, or publish it."""
        form, words = request.form, request.form.get("text", "")
        document, problems = read_typed(words)
        base = form.get("base", type=int) or 0
        if document is not None and not problems:
            _definition, problems = publishing.checked(web().deployment, self.directory, document)
            problems += _about_the_name(process, document)
        if (
            document is not None
            and form.get("what") in ("publish", "try")
            and not any(one.severity == "error" for one in problems)
        ):
            try:
                days = trials.DAYS if form["what"] == "try" else 0
                version = self._published(process, document, form.get("note", ""), base, days)
                return redirect(self._said(str(document["id"]), version, days))
            except Refused as refused:
                problems = list(refused.problems)
        elif not problems:
            flash(_("Everything fits. Nothing is published yet."), "success")
        shown = [say_problem(one, locale()) for one in problems]
        return self._editor(process, document or {"title": {}}, base, words, shown)

    # -- a version that is tried ---------------------------------------------------------------------------------
    @expose("/<string:process>/trial", methods=["POST"])
    @needs(WRITE)
    def decide(self, process: str) -> Any:
        """Keep the version that is tried, or go back to the one before it now."""
        here, keeps, id = web(), request.form.get("what") == "keep", latest(process).definition.id
        try:
            trial = (publishing.keep_trial if keeps else publishing.end_trial)(here.deployment, here.viewer(), id)
        except Refused as refused:
            say_problems(refused.problems)
        else:
            told = _("Version %(n)s stays for new cases.", n=trial.version) if keeps else _("New cases go by version %(n)s again.", n=trial.before)  # fmt: skip
            flash(told, "success")
        return redirect(url_for("ProcessesPage.show", process=process) + "#trial")

    # -- an older version again, and cases that go on by the newest ------------------------------------------------
    @expose("/<string:process>/versions/<int:version>/again", methods=["POST"])
    @needs(WRITE)
    def again(self, process: str, version: int) -> Any:
        """Take a change back: the older document becomes the newest version."""
        older = processes().version(process, version)
        if older is None:
            raise NotFound("no-process-version", {"version": version, "name": process})
        note = _("As in version %(n)s", n=version)
        try:
            number = self._published(process, older.definition.document, note, request.form.get("base", type=int))
        except Refused as refused:
            say_problems(refused.problems)
            return redirect(url_for("ProcessesPage.version", process=process, version=version))
        return redirect(self._said(process, number))

    @expose("/<string:process>/moving")
    @needs(READ)
    def moving(self, process: str) -> str:
        """Which cases run on older versions, where they stand, and where each would go on."""
        published = latest(process)
        with reading(web().engine) as connection:
            older = older_cases(connection, process, published.version)
            people = touched(connection, web().viewer(), process, published.version)
        return render_template(
            "processes/moving.html",
            it=published.definition,
            published=published,
            older=older,
            titles=_titles(process, published),
            cases=sum(map(len, older.values())),
            people=people,
        )

    @expose("/<string:process>/moving", methods=["POST"])
    @needs(WRITE)
    def move(self, process: str) -> Any:
        published, here, form = latest(process), web(), request.form
        if form.get("version", type=int) != published.version:
            say_problems([Problem("", "process-published-meanwhile")])
            return redirect(url_for("ProcessEditorPage.moving", process=process))
        with reading(here.engine) as connection:
            older = older_cases(connection, process, published.version)
        nodes = {node: to for node in older if (to := form.get(f"to-{node}", ""))}
        ids = [id for node, ids in older.items() if nodes.get(node) != "stay" for id in ids]
        try:
            moved = move_cases(here.deployment, here.viewer(), self.directory, ids, published.version, nodes)
        except Refused as refused:
            say_problems(refused.problems)
            return redirect(url_for("ProcessEditorPage.moving", process=process))
        flash(ngettext("%(num)s case goes on by version %(n)s.", "%(num)s cases go on by version %(n)s.", moved, n=published.version), "success")  # fmt: skip
        return redirect(url_for("ProcessesPage.show", process=process))


def _roles_of(node: Node) -> list[OwnerChoice]:
    """The roles that have a part of a step, whether somebody holds them or not."""
    return [one for part in node.parts for one in part.owners if one.kind == "role"]


def _sent(whole: bool = False) -> Mapping[str, Any]:
    """The JSON object in the body, or the document in it; {} where there is none."""
    body = request.get_json(silent=True)
    found = body if whole else body.get("document") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _about_the_name(process: str, document: Mapping[str, Any]) -> list[Problem]:
    """A process keeps its id; a new one takes one that is free."""
    id = document.get("id")
    if process != NEW and id != process:
        return [Problem("id", "process-keeps-id", {"id": process})]
    if process == NEW and processes().latest(str(id)) is not None:
        return [Problem("id", "process-id-taken")]
    return []


def _guess(of: Estimate) -> str:
    """An estimate in words that say on what it rests, and what it leaves out."""
    days, n = WINDOWS[-1], of.n
    if not of.told:
        return ngettext(
            "In the last %(days)s days there was %(num)s to judge by; from %(few)s on it can be estimated.",
            "In the last %(days)s days there were %(num)s to judge by; from %(few)s on it can be estimated.",
            n,
            days=days,
            few=FEW,
        )
    by = _("By the newest %(n)s of the last %(days)s days:", n=n, days=days) if of.sampled else _("By the %(n)s of the last %(days)s days:", n=n, days=days)  # fmt: skip
    after = f"{round(100 * of.after / n)}%"
    if of.before is None:
        said = _("%(after)s would have been in time.", after=after)
    else:
        said = _("in time from %(before)s to %(after)s.", before=f"{round(100 * of.before / n)}%", after=after)
    doubt = _("This is an estimate: people may plan by the new deadline.")
    owner = _("The owner changes as well, which is not in it.") if of.owner else ""
    return (" " if locale() == "en" else "").join(filter(None, (by, said, doubt, owner)))


def _as_json(problem: Problem) -> dict[str, Any]:
    return problem_in_json(problem, locale()) | {"at": problem.at}


def _titles(process: str, published: Published) -> dict[str, Mapping[str, str]]:
    """What the steps were called, also those that the newest version has no more."""
    found: dict[str, Mapping[str, str]] = {}
    for one in [published, *processes().versions(process)]:
        for id, node in one.definition.nodes.items():
            found.setdefault(id, node.title)
    return found


EDITOR_SCREENS: tuple[Screen, ...] = (
    Screen(
        ProcessEditorPage,
        {"zh": "改流程", "en": "Change processes"},
        "pen",
        hidden=True,
        under="ProcessesPage",
        roles={"hr": WRITES, "implementer": WRITES},
    ),
)
