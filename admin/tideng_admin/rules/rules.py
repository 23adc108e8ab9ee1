"""The pages on which rules are read: those in force, one with its versions, and rounds that were missed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection

from tideng.base.errors import InvalidRule, NotFound, Refused
from tideng.base.problems import say
from tideng.outbox import storm_decisions
from tideng.store.database import reading, writing
from tideng.views.operations import schedule_runs
from tideng_admin.display import rules
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.reasons import limit_words, trigger_words
from tideng_admin.request.context import locale, web
from tideng_admin.rules.gallery import Card, parameters_form
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.faults import Trouble
from tideng_rules.lifecycle import (
    drafts,
    import_export,
    pausing,
    publishing,
    quarantine,
)
from tideng_rules.lifecycle.statistics import days_of, said_since
from tideng_rules.lifecycle.versions import PUBLISHED
from tideng_rules.rollout.blueprints import InUse
from tideng_rules.wording.differences import Difference, differences
from tideng_rules.wording.sentences import sentence

CHARTED = 90
"""How many days a rule's chart goes back."""


class RulesPage(Page):
    """The rules in force, as anyone they speak to may read them."""

    route_base = "/rules"
    class_permission_name = "Rules"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        here = web()
        state = request.args.get("state", "")
        state = state if state in ("resting", "archived") else "published"
        words, kind = request.args.get("q", "").strip()[:100], request.args.get("kind", "")
        all_ = here.viewer().sees_all
        with reading(here.engine) as connection:
            found = rules.rules(connection)
            gone = rules.archived(connection, {one.id for one in found})
            aside = quarantine.set_aside(connection, here.viewer()) if all_ else []
            resting = rules.resting(connection, here.viewer()) if all_ else {}
            said = said_since(connection, here.viewer(), here.now() - timedelta(days=30)) if all_ else None
            drafts_open = len(drafts.drafts(connection, here.viewer())) if all_ else 0
        titles = {one.id: one.title for one in found}
        told = [(one, titles.get(one.rule), Trouble.of(one.details, one.why).words(locale())) for one in aside]
        quiet = [one for one in found if one.id in resting]
        states = [("published", _("In force"), len(found))]
        states += [("resting", _("Paused"), len(quiet))] if all_ else []
        states += [("archived", _("Archived"), len(gone))]
        shown = {"published": found, "resting": quiet, "archived": gone}[state]
        return render_template(
            "tideng/rules.html",
            rules=[one for one in shown if one.fits(words) and kind in ("", one.document.get("kind"))],
            state=state,
            states=states,
            kinds=sorted({str(one.document.get("kind")) for one in shown}),
            kind=kind,
            words=words,
            trigger=trigger_words,
            aside=told,
            resting=resting,
            said=said,
            drafts_open=drafts_open,
        )

    @expose("/<rule>/try-again", methods=["POST"])
    @needs(READ)
    def try_again(self, rule: str) -> Any:
        """Give a rule that was set aside back to the engines; who may is asked where it is done."""
        here = web()
        with writing(here.engine) as connection:
            quarantine.try_again(connection, here.viewer(), rule)
        here.deployment.bell.ring()
        flash(_("The rule is tried again. If it fails again, it is quarantined again."), "success")
        return redirect(url_for("RulesPage.show_all"))

    @expose("/<rule>")
    @needs(READ)
    def show(self, rule: str) -> str:
        here = web()
        with reading(here.engine) as connection:
            found = rules.versions(connection, rule)
            if not found:
                raise NotFound("no-rule-page", {"id": rule})
            pause = pausing.pauses(connection, here.viewer()).get(rule) if here.viewer().sees_all else None
            storms = storm_decisions.held_storms(connection, here.viewer()) if pause else ()
            days = (
                days_of(connection, here.viewer(), rule, here.now(), CHARTED, here.zone())
                if here.viewer().sees_all
                else []
            )
            used = parameters_form(connection, rule) if here.viewer().sees_all else None
        asked = request.args.get("version", type=int)
        it = next((one for one in found if one.version == asked), found[0])
        return render_template(
            "tideng/rule.html",
            it=it,
            versions=found,
            changed=_changed(found),
            pause=pause,
            storm=next((one for one in storms if one.rule == rule), None),
            in_force=any(one.state == PUBLISHED for one in found),
            sentence=_sentence(it),
            trigger=trigger_words(it.document.get("when", {})),
            limit=limit_words(it.document.get("limit", {})),
            days=days,
            chart=[[one.day.isoformat(), one.said, one.answered, one.disputed] for one in days],
            used=used,
            upgrade=_upgrade(found, used),
        )

    @expose("/<rule>/copy", methods=["POST"])
    @needs(WRITE)
    def copy(self, rule: str) -> Any:
        """A draft of a new rule that begins as this one is."""
        here = web()
        with writing(here.engine) as connection:
            made = import_export.duplicate(connection, here.viewer(), rule, here.now())
        return redirect(url_for("DraftsPage.show", id=made.id))

    @expose("/<rule>/<what>", methods=["POST"])
    @needs(WRITE)
    def decide(self, rule: str, what: str) -> Any:
        """Pause, resume, archive, restore, or go back to a version. Who may is asked once more where it is done."""
        if what not in _DECISIONS:
            raise NotFound("no-rule-action", {"what": what})
        here = web()
        try:
            with writing(here.engine) as connection:
                flash(_DECISIONS[what](connection, rule), "success")
        except Refused as error:
            for problem in error.problems:
                flash(say(problem, locale()).line, "warning")
        here.deployment.bell.ring()
        return redirect(url_for("RulesPage.show", rule=rule))

    @expose("/missed")
    @needs(READ)
    def missed(self) -> str:
        """Rounds that were not asked because the system stood still."""
        with reading(web().engine) as connection:
            found = schedule_runs(connection, web().viewer(), outcome="missed")
            titles = rules.titles(connection, {one.rule for one in found})
        return render_template("tideng/missed.html", runs=found, titles=titles)


def _upgrade(versions: list[rules.RuleShown], used: tuple[Card, InUse] | None) -> list[Difference]:
    """What the newest version of its pack would change in a rule, in words."""
    if used is None or used[1].upgrade is None:
        return []
    now = next((one for one in versions if one.state == PUBLISHED), versions[0])
    return differences(now.document, used[1].upgrade.document, locale(), web().deployment.catalogue)


def _changed(versions: list[rules.RuleShown]) -> dict[int, list[Difference]]:
    """What each version changed against the one before it, by its number."""
    catalogue, pairs = web().deployment.catalogue, pairwise(versions)
    return {new.version: differences(old.document, new.document, locale(), catalogue) for new, old in pairs}


def _pause(connection: Connection, rule: str) -> str:
    pausing.pause(connection, web().viewer(), rule, request.form.get("why", ""), web().now())
    return _("The rule is paused. It sends nothing until you resume it.")


def _resume(connection: Connection, rule: str) -> str:
    pausing.resume(connection, web().viewer(), rule, web().now())
    return _("The rule is active from now on.")


def _archive(connection: Connection, rule: str) -> str:
    pausing.archive(connection, web().viewer(), rule, web().now())
    return _("The rule is archived. What was begun under it has ended.")


def _restore(connection: Connection, rule: str) -> str:
    here = web()
    made = publishing.restore(
        connection, here.viewer(), rule, here.now(), publishing.Ground.of(here.deployment, connection)
    )
    return _("The rule is in force again, as version %(n)s.", n=made.version)


def _rollback(connection: Connection, rule: str) -> str:
    here = web()
    ground, to = publishing.Ground.of(here.deployment, connection), request.form.get("version", 0, int)
    made = publishing.rollback(connection, here.viewer(), rule, to, here.now(), ground)
    return _("Back to version %(old)s: it is in force as version %(new)s.", old=to, new=made.version)


def _send_held(connection: Connection, rule: str) -> str:
    sent = storm_decisions.release_storm(connection, web().viewer(), rule, web().now())
    return ngettext("%(num)s message goes out.", "%(num)s messages go out.", sent)


def _drop_held(connection: Connection, rule: str) -> str:
    dropped = storm_decisions.drop_storm(connection, web().viewer(), rule, web().now())
    return ngettext("%(num)s message is not sent.", "%(num)s messages are not sent.", dropped)


_DECISIONS = {
    "pause": _pause,
    "resume": _resume,
    "archive": _archive,
    "restore": _restore,
    "rollback": _rollback,
    "send-held": _send_held,
    "drop-held": _drop_held,
}


def _sentence(rule: rules.RuleShown) -> str:
    """The rule in one sentence, made from what is executed; '' when this version can no longer be read."""
    try:
        return sentence(parse_rule(rule.document), locale(), web().deployment.catalogue)
    except InvalidRule:
        return ""
