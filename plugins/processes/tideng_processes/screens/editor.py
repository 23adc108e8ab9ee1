"""Edits a process: its document in a form that is checked while somebody writes, or as text. Every change is a new version.

A published version is for new cases. Open cases stay on their version until somebody moves them (see `VersionPages`), and the
page says before that how many people a move affects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from jinja2.utils import htmlsafe_json_dumps

from tideng.plugin import Refused, choose_text, phrase, reading, say_problem, zone
from tideng_admin.screens import READ, WRITE, Screen, day, locale, needs, web
from tideng_processes.document.blank_process import blank_document
from tideng_processes.document.diagram import mermaid
from tideng_processes.document.differences import differences
from tideng_processes.document.model import (
    Definition,
)
from tideng_processes.document.yaml_text import as_text, read_typed
from tideng_processes.measurement.estimates import estimates
from tideng_processes.measurement.statistics import open_by_version
from tideng_processes.publication import publishing, trials
from tideng_processes.screens.editor_data import NEW, choices_for, estimate_words, id_problems, problem_json
from tideng_processes.screens.shared import (
    WRITES,
    latest,
    processes,
)
from tideng_processes.screens.version_pages import VersionPages


class ProcessEditorPage(VersionPages):
    """HR and implementers write processes here. `publishing` asks again who may publish."""

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
            "known": choices_for(process, self.directory),
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
        """The version that is on trial, and its last day; None where there is none."""
        with reading(web().engine) as connection:
            found = trials.last_trial(connection, process)
        if found is None or not found.running:
            return None
        return {"version": found.version, "until": day(found.last_day(zone(self.directory.default_zone)))}

    # -- what the form asks while one writes ---------------------------------------------------------------------
    @expose("/<string:process>/check", methods=["POST"])
    @needs(WRITE)
    def check(self, process: str) -> Any:
        """The problems of a document, its picture, its differences from the version in force, and what those would have meant
        for past steps."""
        return jsonify(self._checked(process, _sent()))

    def _checked(self, process: str, document: Mapping[str, Any]) -> dict[str, Any]:
        definition, problems = publishing.checked(web().deployment, self.directory, document)
        problems = [
            one for one in problems if one.at != "key" or "key" in document
        ]  # a key that is not written follows the id, whose problem is reported already
        problems += id_problems(process, document)
        return {
            "ok": not any(one.severity == "error" for one in problems),
            "problems": [problem_json(one) for one in problems],
            "diagram": mermaid(definition, locale(), self.directory) if definition else "",
            "differences": self._differences(process, definition),
            "guesses": self._estimates(process, definition),
        }

    def _estimates(self, process: str, draft: Definition | None) -> list[dict[str, str]]:
        """What past steps say about the changes, each at its place: how often a new deadline would have been met."""
        published = None if process == NEW else processes().latest(process)
        if draft is None or published is None:
            return []
        base = published.definition
        found = self.read(estimates, web().deployment.calendar, base, draft)
        told = [{"at": f"nodes.{one.node}.deadline", "words": estimate_words(one)} for one in found]
        unknown = _("The record cannot say what another owner would have changed.")
        handed = [id for id, node in draft.nodes.items() if id in base.nodes and node.parts != base.nodes[id].parts]
        return [*told, *({"at": f"nodes.{id}.owner", "words": unknown} for id in handed)]

    @expose("/<string:process>/publish", methods=["POST"])
    @needs(WRITE)
    def publish(self, process: str) -> Any:
        return self._answer(process, 0)

    @expose("/<string:process>/try", methods=["POST"])
    @needs(WRITE)
    def try_out(self, process: str) -> Any:
        """Publish it for two weeks; unless somebody keeps it, new cases then use the version before it again."""
        return self._answer(process, trials.DAYS)

    def _answer(self, process: str, days: int) -> Any:
        body = _sent(whole=True)
        document, note, base = body.get("document"), str(body.get("note") or ""), body.get("base")
        document = document if isinstance(document, Mapping) else {}
        try:
            version = self.publish_document(process, document, note, base, days)
        except publishing.Stale as stale:
            return jsonify(
                error=_("Somebody else published meanwhile."), problems=[problem_json(one) for one in stale.problems]
            ), 409
        except Refused as refused:
            return jsonify(
                error=_("Something is missing."), problems=[problem_json(one) for one in refused.problems]
            ), 400
        return jsonify(version=version, href=self.announce(str(document.get("id", process)), version, days))

    def _differences(self, process: str, definition: Definition | None) -> list[str]:
        published = processes().latest(process)
        if definition is None or published is None:
            return []
        return [choose_text(one, locale())[0] for one in differences(published.definition, definition, self.directory)]

    # -- the document as text ------------------------------------------------------------------------------------
    @expose("/<string:process>/text", methods=["POST"])
    @needs(WRITE)
    def text(self, process: str) -> Any:
        """The same without a script: check the text that was typed, or publish it."""
        form, words = request.form, request.form.get("text", "")
        document, problems = read_typed(words)
        base = form.get("base", type=int) or 0
        if document is not None and not problems:
            _definition, problems = publishing.checked(web().deployment, self.directory, document)
            problems += id_problems(process, document)
        if (
            document is not None
            and form.get("what") in ("publish", "try")
            and not any(one.severity == "error" for one in problems)
        ):
            try:
                days = trials.DAYS if form["what"] == "try" else 0
                version = self.publish_document(process, document, form.get("note", ""), base, days)
                return redirect(self.announce(str(document["id"]), version, days))
            except Refused as refused:
                problems = list(refused.problems)
        elif not problems:
            flash(_("No problem was found. Nothing is published yet."), "success")
        shown = [say_problem(one, locale()) for one in problems]
        return self._editor(process, document or {"title": {}}, base, words, shown)


def _sent(whole: bool = False) -> Mapping[str, Any]:
    """The JSON object in the body, or the document in it; {} where there is none."""
    body = request.get_json(silent=True)
    found = body if whole else body.get("document") if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


EDITOR_SCREENS: tuple[Screen, ...] = (
    Screen(
        ProcessEditorPage,
        phrase("Change processes"),
        "pen",
        hidden=True,
        under="ProcessesPage",
        roles={"hr": WRITES, "implementer": WRITES},
    ),
)
