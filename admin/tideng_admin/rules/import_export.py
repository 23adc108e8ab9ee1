"""Rules in and out as files: what an import would begin is said before anything is saved, and an export is byte for byte
what was imported."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import ngettext

from tideng.base.errors import Refused
from tideng.base.problems import say
from tideng.store.database import reading, writing
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.rules import text_of
from tideng_admin.request.context import locale, web
from tideng_rules.lifecycle import import_export
from tideng_rules.lifecycle.publishing import Ground


class RuleFilesPage(Page):
    """Import by pasting or choosing a file; export one rule, or all in force."""

    route_base = "/rule-files"
    class_permission_name = "Drafts"
    default_view = "import_"

    @expose("/import", methods=["GET", "POST"])
    @needs(WRITE)
    def import_(self) -> Any:
        """First what would begin, or all that is wrong with its lines; then the drafts."""
        here = web()
        raw = _sent() if request.method == "POST" else b""
        found, problems = [], []
        if request.method == "POST":
            try:
                if request.form.get("what") == "begin":
                    with writing(here.engine) as connection:
                        ground = Ground.of(here.deployment, connection)
                        made = import_export.import_drafts(connection, here.viewer(), raw, here.now(), ground)
                    said = ngettext("%(num)s draft begun.", "%(num)s drafts begun.", len(made))
                    flash(said, "success")
                    one = len(made) == 1
                    return redirect(
                        url_for("DraftsPage.show", id=made[0].id) if one else url_for("DraftsPage.show_all")
                    )
                with reading(here.engine) as connection:
                    ground = Ground.of(here.deployment, connection)
                    found = import_export.read_import(connection, here.viewer(), raw, ground)
            except Refused as error:
                problems = [say(problem, locale()) for problem in error.problems]
        page = render_template(
            "tideng/rule_import.html",
            text=raw.decode("utf-8", "replace"),
            kept=base64.b64encode(raw).decode() if found else "",
            found=[(one, text_of(one.document.get("title"))) for one in found],
            problems=problems,
        )
        return page, 400 if problems else 200

    @expose("/rules.yaml")
    @needs(READ)
    def export_all(self) -> Response:
        with reading(web().engine) as connection:
            text = import_export.export_in_force(connection, web().viewer())
        return _file(text, "rules.yaml")

    @expose("/one/<rule>.yaml")
    @needs(READ)
    def export(self, rule: str) -> Response:
        with reading(web().engine) as connection:
            number = request.args.get("version", type=int)
            text = import_export.export_rule(connection, web().viewer(), rule, number)
        return _file(text, f"{rule}.yaml")


def _sent() -> bytes:
    """The bytes of the file, of what was looked at before, or of what was pasted; there a browser changes the line ends."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return file.read()
    if kept := request.form.get("kept"):
        try:
            return base64.b64decode(kept, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return request.form.get("text", "").replace("\r\n", "\n").encode("utf-8", "replace")


def _file(text: str, name: str) -> Response:
    answer = Response(text.encode("utf-8"), mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
