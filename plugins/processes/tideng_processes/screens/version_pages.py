"""What is done with the versions of a process: published, tried and decided, used again; and open cases moved to the newest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.plugin import NotFound, Problem, Refused, reading
from tideng_admin.screens import READ, WRITE, Page, needs, web
from tideng_processes.cases.version_change import move_cases, older_cases
from tideng_processes.measurement.statistics import open_by_version, touched
from tideng_processes.publication import publishing
from tideng_processes.publication.registry import Published
from tideng_processes.screens.editor_data import id_problems
from tideng_processes.screens.shared import latest, processes, say_problems


class VersionPages(Page):
    """The part of the editor that is about versions; the addresses are the editor's."""

    # -- publishing ----------------------------------------------------------------------------------------------
    def publish_document(self, process: str, document: Mapping[str, Any], note: str, base: Any, days: int = 0) -> int:
        """Publish a document as the next version of `process`, for a trial of `days` where that is not 0; the version. Raises as
        `publishing.publish`."""
        problems = id_problems(process, document)
        if problems:
            raise Refused("process", problems)
        number = base if isinstance(base, int) and not isinstance(base, bool) else -1
        here = web()
        return publishing.publish(here.deployment, here.viewer(), self.directory, document, note, number, days)

    def announce(self, process: str, version: int, days: int = 0) -> str:
        """Show on the next page that a version is published; the address of that page."""
        if days:
            flash(_("Version %(n)s is on trial: new cases use it for two weeks.", n=version), "success")
            return url_for("ProcessesPage.show", process=process) + "#trial"
        with reading(web().engine) as connection:
            older = sum(n for of, n in self.read_with(connection, open_by_version, process).items() if of < version)
        flash(_("New cases use version %(n)s from now on.", n=version), "success")
        return (
            url_for("ProcessEditorPage.moving", process=process)
            if older
            else url_for("ProcessesPage.show", process=process)
        )

    @expose("/<string:process>/trial", methods=["POST"])
    @needs(WRITE)
    def decide(self, process: str) -> Any:
        """Keep the version that is on trial, or go back to the one before it."""
        here, keeps, id = web(), request.form.get("what") == "keep", latest(process).definition.id
        try:
            trial = (publishing.keep_trial if keeps else publishing.end_trial)(here.deployment, here.viewer(), id)
        except Refused as refused:
            say_problems(refused.problems)
        else:
            told = _("Version %(n)s stays in use for new cases.", n=trial.version) if keeps else _("New cases use version %(n)s again.", n=trial.before)  # fmt: skip
            flash(told, "success")
        return redirect(url_for("ProcessesPage.show", process=process) + "#trial")

    # -- an older version again, and cases that go on by the newest ------------------------------------------------
    @expose("/<string:process>/versions/<int:version>/again", methods=["POST"])
    @needs(WRITE)
    def again(self, process: str, version: int) -> Any:
        """Undo a change: publish the older document as the newest version."""
        older = processes().version(process, version)
        if older is None:
            raise NotFound("no-process-version", {"version": version, "name": process})
        note = _("As in version %(n)s", n=version)
        try:
            number = self.publish_document(process, older.definition.document, note, request.form.get("base", type=int))
        except Refused as refused:
            say_problems(refused.problems)
            return redirect(url_for("ProcessesPage.version", process=process, version=version))
        return redirect(self.announce(process, number))

    @expose("/<string:process>/moving")
    @needs(READ)
    def moving(self, process: str) -> str:
        """The cases on older versions by their step, and the step at which they would go on."""
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
        flash(ngettext("%(num)s case continues on version %(n)s.", "%(num)s cases continue on version %(n)s.", moved, n=published.version), "success")  # fmt: skip
        return redirect(url_for("ProcessesPage.show", process=process))


def _titles(process: str, published: Published) -> dict[str, Mapping[str, str]]:
    """Step → its title, also of steps that only older versions have."""
    found: dict[str, Mapping[str, str]] = {}
    for one in [published, *processes().versions(process)]:
        for id, node in one.definition.nodes.items():
            found.setdefault(id, node.title)
    return found
