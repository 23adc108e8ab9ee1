"""The pages on which a rule is written as text, checked, tried and published; they need no script.

A draft may be wrong while somebody works on it: everything that is wrong stands beside it, and nothing typed is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import Connection

from tideng.base.errors import (
    InvalidRule,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.problems import restored, say
from tideng.store.database import reading, writing
from tideng_admin.api.rule_check import checked
from tideng_admin.display import rules
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.filters import moment
from tideng_admin.display.preview import shown, try_on_the_past
from tideng_admin.request.context import locale, web
from tideng_admin.rules import studio
from tideng_rules.check.run import Checked
from tideng_rules.document.parser import parse_rule
from tideng_rules.lifecycle import (
    drafts,
    publishing,
    scheduling,
    versions,
)
from tideng_rules.packaging.rule_files import read_user_document
from tideng_rules.wording.differences import Difference, differences

PREVIEWED = (7, 30, 90)
"""For how many past days a draft may be tried at the press of a button."""
_SAMPLE = """\
id: a-rule-of-mine
kind: reminder
title: {zh: 新规则, en: A new rule}
why: {zh: 日报让主管当天就能帮上忙, en: The report lets your supervisor help the same day}
when: {every: workday, at: "19:00"}
who: {fact: person.on_trip, is: true}
if: {fact: metric.reports_today, is: 0}
then:
  - nudge: person
    message:
      zh: "{person.name}，今天的日报还没写，大约 3 分钟。有难处就回一声。"
      en: "{person.name}, today’s report is still open. It takes about 3 minutes. Reply if something is in the way."
limit: {once_per: day}
examples:
  - {name: nothing yet, at: 2026-03-02T19:00+08:00, facts: {person.on_trip: true, metric.reports_today: 0}, expect: [nudge person]}
  - {name: it is in, at: 2026-03-02T19:00+08:00, facts: {person.on_trip: true, metric.reports_today: 1}, expect: []}
"""
"""What whoever writes a rule as text can begin from."""
_BLANK = {"id", "kind", "title"}


@dataclass(frozen=True, slots=True)
class Ready:
    """One thing that has to be so before a rule is published. `state`: ok, need or open."""

    name: str
    state: str
    word: str


class DraftsPage(Page):
    """Drafts of rules, each somebody's, several of one rule at once."""

    route_base = "/drafts"
    class_permission_name = "Drafts"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        with reading(web().engine) as connection:
            found = drafts.drafts(connection, web().viewer())
        return render_template("tideng/drafts.html", drafts=found, title=_title)

    @expose("/new", methods=["POST"])
    @needs(WRITE)
    def new(self) -> Any:
        """A draft of the rule that is named, from the version in force; else of a new one."""
        rule = request.form.get("rule", "")
        here = web()
        with writing(here.engine) as connection:
            document = _beginning(connection, rule)
            made = drafts.create_draft(connection, here.viewer(), document, here.now(), rule=rule)
        return redirect(url_for("DraftsPage.show", id=made.id))

    @expose("/<int:id>", methods=["GET", "POST"])
    @needs(READ)
    def show(self, id: int) -> Any:
        here = web()
        typed, unread = None, []
        if request.method == "POST":
            typed = request.form.get("text", "")
            try:
                with writing(here.engine) as connection:
                    drafts.save_draft(
                        connection, here.viewer(), id, _read(typed), request.form.get("edition", 0, int), here.now()
                    )
            except Refused as error:
                unread = [say(problem, locale()) for problem in error.problems]
            else:
                return redirect(url_for("DraftsPage.show", id=id, text=request.args.get("text")))
        with reading(here.engine) as connection:
            it = drafts.draft(connection, here.viewer(), id)
            current = versions.latest(connection, it.rule)
        found = checked(it.document)
        status = 200 if typed is None else 400
        scripted = studio.wanted()
        return (
            render_template(
                "tideng/studio.html" if scripted else "tideng/draft.html",
                boot=studio.boot(it, found, current) if scripted else None,
                it=it,
                title=_title(it),
                text=typed if typed is not None else rules.as_yaml(it.document),
                unread=unread,
                sample=_SAMPLE if it.document.keys() <= _BLANK else "",
                checked=found,
                problems=[say(problem, locale()) for problem in found.everything],
                held_up=[say(restored(one), locale()) for one in it.held_up or ()],
                current=current,
                changed=_changed(it.document, current),
                ready=_ready(it, found),
                may_publish=_may_publish(it, found),
                days=PREVIEWED,
            ),
            status,
        )

    @expose("/<int:id>/try")
    @needs(READ)
    def try_(self, id: int) -> str:
        """The draft against the rules in force, over the last days."""
        days = request.args.get("days", 30, int)
        days = days if days in PREVIEWED else 30
        here = web()
        with reading(here.engine) as connection:
            it = drafts.draft(connection, here.viewer(), id)
        try:
            rule = parse_rule(it.document, here.deployment.catalogue)
        except InvalidRule as error:
            problems = [say(problem, locale()) for problem in error.problems]
            return render_template("tideng/tried.html", it=it, title=_title(it), found=None, problems=problems)
        found = try_on_the_past(here.viewer(), rule, here.now() - timedelta(days=days), here.now())
        if it.state in drafts.UNFINISHED and here.may("can_write", "Drafts"):
            with writing(here.engine) as connection:
                drafts.keep_preview(connection, here.viewer(), id, it.edition, found.figures(rule.id))
        return render_template(
            "tideng/tried.html",
            it=it,
            title=_title(it),
            found=shown(found, rule.id),
            problems=[],
            days=days,
            choices=PREVIEWED,
        )

    @expose("/<int:id>/<what>", methods=["POST"])
    @needs(WRITE)
    def decide(self, id: int, what: str) -> Any:
        """Ask for approval, approve, send back, publish now or later, take that back, discard, or take up what was published meanwhile."""
        if what not in _DECISIONS:
            raise NotFound("no-draft-action", {"what": what})
        here = web()
        try:
            with writing(here.engine) as connection:
                target = _DECISIONS[what](connection, id)
        except Refused as error:
            for problem in error.problems:
                flash(say(problem, locale()).line, "warning")
            return redirect(url_for("DraftsPage.show", id=id))
        here.deployment.bell.ring()
        return redirect(target)


def _read(text: str) -> Mapping[str, Any]:
    found = read_user_document(text)
    if len(found) != 1:
        raise InvalidRule("rule", [Problem("", "draft-empty" if not found else "draft-of-several")])
    return found[0]


def _beginning(connection: Connection, rule: str) -> Mapping[str, Any]:
    if not rule:
        return {"id": drafts.new_rule_id(web().now()), "kind": "reminder"}
    found = versions.latest(connection, rule)
    if found is None:
        raise NotFound("no-rule-page", {"id": rule})
    return found.document


def _changed(document: Mapping[str, Any], current: Any) -> list[Difference]:
    if current is None:
        return []
    return differences(current.document, document, locale(), web().deployment.catalogue)


def _title(draft: Any) -> Mapping[str, str]:
    return rules.text_of(draft.document.get("title") if isinstance(draft.document, Mapping) else None)


def _ready(draft: Any, found: Checked) -> list[Ready]:
    errors = sum(problem.severity == "error" for problem in found.problems)
    passed = sum(one.passed for one in found.outcomes)
    tried_word = _("seen") if draft.preview else _("not yet")
    rows = [
        Ready(_("Check"), "need" if errors else "ok", _("%(n)s to go", n=errors) if errors else _("nothing wrong")),
        Ready(
            _("Examples"),
            "ok" if found.outcomes and passed == len(found.outcomes) else "need",
            _("%(passed)s of %(all)s as expected", passed=passed, all=len(found.outcomes)),
        ),
        Ready(_("Try on the past"), "ok" if draft.preview else "open", tried_word),
    ]
    if web().deployment.settings.rules_need_approval:
        word = _("by %(name)s", name=web().name_of(draft.approved_by)) if draft.approved_by else _("not yet")
        rows.append(Ready(_("Approval"), "ok" if draft.approved_by else "open", word))
    return rows


def _may_publish(draft: Any, found: Checked) -> bool:
    approved = draft.state == "approved" or not web().deployment.settings.rules_need_approval
    return not found.errors and approved and draft.state in drafts.UNFINISHED


def _ask(connection: Connection, id: int) -> str:
    publishing.ask_approval(connection, web().viewer(), id, web().now())
    flash(_("It waits for somebody else’s approval."), "success")
    return url_for("DraftsPage.show", id=id)


def _approve(connection: Connection, id: int) -> str:
    publishing.approve(connection, web().viewer(), id, web().now())
    flash(_("Approved. It can be published now."), "success")
    return url_for("DraftsPage.show", id=id)


def _send_back(connection: Connection, id: int) -> str:
    publishing.send_back(connection, web().viewer(), id, request.form.get("note", ""), web().now())
    flash(_("Sent back with your note."), "success")
    return url_for("DraftsPage.show", id=id)


def _publish(connection: Connection, id: int) -> str:
    here = web()
    ground = publishing.Ground.of(here.deployment, connection)
    note, at = request.form.get("note") or None, request.form.get("at", "")
    if at:
        return _schedule(connection, id, at, ground, note)
    made = publishing.publish_draft(connection, here.viewer(), id, here.now(), ground, note)
    flash(_("Published as version %(n)s. It is in force within a second.", n=made.version), "success")
    return url_for("RulesPage.show", rule=made.rule)


def _schedule(connection: Connection, id: int, at: str, ground: publishing.Ground, note: str | None) -> str:
    here = web()
    try:
        wanted = datetime.fromisoformat(at)
    except ValueError:
        flash(_("This is not a day or a moment."), "warning")
        return url_for("DraftsPage.show", id=id)
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=here.zone())
    scheduling.schedule(connection, here.viewer(), id, wanted, here.now(), ground, note)
    flash(_("It will be published on %(when)s.", when=moment(wanted)), "success")
    return url_for("DraftsPage.show", id=id)


def _unschedule(connection: Connection, id: int) -> str:
    scheduling.unschedule(connection, web().viewer(), id)
    flash(_("It will not be published by itself any more."), "success")
    return url_for("DraftsPage.show", id=id)


def _discard(connection: Connection, id: int) -> str:
    drafts.discard_draft(connection, web().viewer(), id, web().now())
    flash(_("The draft is discarded."), "success")
    return url_for("DraftsPage.show_all")


def _rebase(connection: Connection, id: int) -> str:
    edition = request.form.get("edition", 0, int)
    _draft, conflicts = drafts.rebase(connection, web().viewer(), id, edition, web().now())
    if conflicts:
        places = ", ".join(conflict.place for conflict in conflicts)
        flash(_("Both changed: %(places)s. Your wording stands; have a look.", places=places), "warning")
    else:
        flash(_("What was published meanwhile is in your draft now."), "success")
    return url_for("DraftsPage.show", id=id)


_DECISIONS: Mapping[str, Any] = {
    "ask": _ask,
    "approve": _approve,
    "send-back": _send_back,
    "publish": _publish,
    "unschedule": _unschedule,
    "discard": _discard,
    "rebase": _rebase,
}
