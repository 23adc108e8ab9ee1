"""The addresses of forms: what the viewer may begin, every form, and what a form's script asks for (token, files, worker)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from tideng.plugin import LARGEST_ATTACHMENT, MEGABYTE, NotFound, Refused, phrase
from tideng_admin.screens import READ, WRITE, Screen, built, needs, takes, web
from tideng_processes.cases.access import startable
from tideng_processes.forms import attachments
from tideng_processes.forms.attachments import FileField
from tideng_processes.screens.form import LARGEST_FORM, Forms, words_of
from tideng_processes.screens.form_display import paper_line
from tideng_processes.screens.shared import WRITES, processes

WAITS = "forms_wait"
"""The cookie that tells that forms wait on this phone to be handed in."""


class FormPage(Forms):
    """The list of processes that the viewer may begin, and every form."""

    route_base = "/me"
    class_permission_name = "Forms"

    def create_blueprint(self, *args: Any, **kwargs: Any) -> Any:
        blueprint = super().create_blueprint(*args, **kwargs)
        blueprint.after_app_request(_forget_at_sign_out)
        return blueprint

    # -- pages ---------------------------------------------------------------------------------------------------
    @expose("/do/")
    @needs(READ)
    def show_all(self) -> str:
        viewer = web().viewer()
        offered = startable(processes(), viewer, self.directory, web().now())
        return render_template("processes/form_list.html", offered=offered)

    @expose("/do/<string:process>", methods=["GET"])
    @needs(READ)
    def begin(self, process: str) -> Any:
        return self.form(self._first(process))

    @expose("/do/<string:process>", methods=["POST"])
    @needs(WRITE)
    @takes(LARGEST_FORM)
    def begun(self, process: str) -> Any:
        return self._taken(self._first(process))

    @expose("/cases/<string:case>/<string:node>", methods=["GET"])
    @needs(READ)
    def step(self, case: str, node: str) -> Any:
        place = self._open(case, node)
        if place.task is None:
            flash(_("This step is done, or it is somebody else’s. Here is where the case stands."), "warning")
            return redirect(url_for("CasePage.show", case=case))
        return self.form(place)

    @expose("/cases/<string:case>/<string:node>", methods=["POST"])
    @needs(WRITE)
    @takes(LARGEST_FORM)
    def stepped(self, case: str, node: str) -> Any:
        return self._taken(self._open(case, node))

    # -- what the script asks for --------------------------------------------------------------------------------
    @expose("/do/<string:process>/look", methods=["POST"])
    @needs(WRITE)
    def look(self, process: str) -> Any:
        return self._looked_at(self._first(process))

    @expose("/cases/<string:case>/<string:node>/look", methods=["POST"])
    @needs(WRITE)
    def look_at_step(self, case: str, node: str) -> Any:
        return self._looked_at(self._open(case, node))

    @expose("/forms/token")
    @needs(READ)
    def token(self) -> Any:
        """A fresh token for forms that are sent later, the viewer's login, and the server's time, because a phone's clock may be wrong."""
        answer = jsonify(token=generate_csrf(), login=web().viewer().login, now=web().now().astimezone(UTC).isoformat())
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/forms/papers/<string:process>/<string:field>", methods=["POST"])
    @needs(WRITE)
    @takes(LARGEST_ATTACHMENT + MEGABYTE)
    def keep_paper(self, process: str, field: str) -> Any:
        file, here = request.files.get("file"), web()
        if file is None:
            abort(400)
        target = FileField(process, field, request.form.get("case", ""))
        try:
            kept = attachments.keep(
                here.deployment, here.viewer(), self.directory, target, file.filename or "", file.read()
            )
        except Refused as refused:
            return jsonify(problems=[words_of(one) for one in refused.problems]), 400
        return jsonify(paper_line(kept))

    @expose("/forms/papers/<int:paper>/discard", methods=["POST"])
    @needs(WRITE)
    def discard_paper(self, paper: int) -> Any:
        attachments.discard(web().deployment, web().viewer(), paper)
        return jsonify(gone=True)

    @expose("/sw.js")
    def worker(self) -> Any:
        """The script that opens forms without a network. It has no personal data, so it needs no sign-in."""
        script = built("form_worker.js")
        if not script:
            raise NotFound("scripts-not-built")
        answer = Response(f"import '{script}'\n", mimetype="text/javascript")
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def _forget_at_sign_out(response: Response) -> Response:
    """Delete drafts and pages on the phone at sign-out. Where a form waits there to be handed in, it would be lost: then the script
    deletes the drafts when somebody else signs in."""
    if request.method == "POST" and request.path == url_for("LoginView.logout") and not request.cookies.get(WAITS):
        response.headers["Clear-Site-Data"] = '"storage"'
    return response


FORM_SCREENS: tuple[Screen, ...] = (
    Screen(
        FormPage,
        phrase("To do"),
        "plus",
        hidden=True,
        portal=20,
        roles={"employee": WRITES, "supervisor": WRITES, "hr": WRITES},
    ),
)
