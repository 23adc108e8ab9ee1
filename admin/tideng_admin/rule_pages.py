"""The pages on which rules are read: those in force, one with its versions, and rounds that were missed."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from tideng import viewing
from tideng.database import reading, writing
from tideng.errors import InvalidRule, NotFound
from tideng_admin import rules_shown
from tideng_admin.page import READ, Page, needs
from tideng_admin.web import locale, web
from tideng_admin.wording import limit_words, trigger_words
from tideng_rules import quarantine
from tideng_rules.explain import sentence
from tideng_rules.parser import parse_rule
from tideng_rules.trouble import Trouble


class RulesPage(Page):
    """The rules in force, as anyone they speak to may read them."""

    route_base = "/rules"
    class_permission_name = "Rules"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        state = "archived" if request.args.get("state") == "archived" else "published"
        with reading(web().engine) as connection:
            found = rules_shown.rules(connection, state)
            aside = quarantine.set_aside(connection, web().viewer()) if web().viewer().sees_all else []
        titles = {one.id: one.title for one in found}
        told = [(one, titles.get(one.rule), Trouble.of(one.details, one.why).words(locale())) for one in aside]
        return render_template("tideng/rules.html", rules=found, state=state, trigger=trigger_words, aside=told)

    @expose("/<rule>/try-again", methods=["POST"])
    @needs(READ)
    def try_again(self, rule: str) -> Any:
        """Give a rule that was set aside back to the engines; who may is asked where it is done."""
        here = web()
        with writing(here.engine) as connection:
            quarantine.try_again(connection, here.viewer(), rule)
        here.deployment.bell.ring()
        flash(_("The rule is tried again. If it fails again, it is set aside again."), "success")
        return redirect(url_for("RulesPage.show_all"))

    @expose("/<rule>")
    @needs(READ)
    def show(self, rule: str) -> str:
        with reading(web().engine) as connection:
            found = rules_shown.versions(connection, rule)
        if not found:
            raise NotFound(f"no rule {rule}")
        asked = request.args.get("version", type=int)
        it = next((one for one in found if one.version == asked), found[0])
        return render_template(
            "tideng/rule.html",
            it=it,
            versions=found,
            sentence=_sentence(it),
            trigger=trigger_words(it.document.get("when", {})),
            limit=limit_words(it.document.get("limit", {})),
        )

    @expose("/missed")
    @needs(READ)
    def missed(self) -> str:
        """Rounds that were not asked because the system stood still."""
        with reading(web().engine) as connection:
            found = viewing.schedule_runs(connection, web().viewer(), outcome="missed")
            titles = rules_shown.titles(connection, {one.rule for one in found})
        return render_template("tideng/missed.html", runs=found, titles=titles)


def _sentence(rule: rules_shown.RuleShown) -> str:
    """The rule in one sentence, made from what is executed; '' when this version can no longer be read."""
    try:
        return sentence(parse_rule(rule.document), locale(), web().deployment.catalogue)
    except InvalidRule:
        return ""
