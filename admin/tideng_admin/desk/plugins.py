"""Plugins: what each brings and may do, a switch for each, and what is wrong with those that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from tideng.base.errors import Refused
from tideng.base.problems import say, say_sentence
from tideng.base.text import pause, phrase, semicolon, wording
from tideng.model.catalogue import Text
from tideng.runtime import plugin_switches
from tideng.runtime.deployment import SWITCHED_OFF
from tideng.store.database import reading, writing
from tideng.views.operations import PluginView, plugins
from tideng_admin.display.base_page import (
    READ,
    WRITE,
    Page,
    needs,
)
from tideng_admin.display.filters import plugin_title
from tideng_admin.display.upcoming import watches
from tideng_admin.request.context import Web, locale, web

_ICONS: Mapping[str, str] = {
    "travel": "trip",
    "reports": "pen",
    "orgchart": "org",
    "rules": "rule",
    "connectors": "link",
}


@dataclass(frozen=True, slots=True)
class PluginShown:
    """One plugin. `brings`: what it declares, in words; `effects`: which of the four it may have; `rules`: (id, version,
    title) of the rules in force that read what it gives; `firm`: why it cannot be switched off; `last`: when the latest
    event of its kinds happened; `installed`: whether this process has its code; `tries`: how often somebody asked to try it again."""

    name: str
    title: str
    icon: str
    version: str
    state: str
    error: str
    since: datetime
    brings: str
    effects: tuple[str, ...]
    rules: tuple[tuple[str, int, Text], ...]
    firm: str
    by_hand: bool
    installed: bool
    last: datetime | None
    tries: int


class PluginsPage(Page):
    """Implementers and administrators switch; HR and auditors read."""

    route_base = "/plugins"
    class_permission_name = "Plugins"

    @expose("/")
    @needs(READ)
    def show_all(self) -> str:
        here = web()
        here.viewer().require_all()
        here.directory()  # takes over what another process switched
        with reading(here.engine) as connection:
            noted = plugins(connection, here.viewer())
            held = plugin_switches.switches(connection)
            last = plugin_switches.last_events(connection, here.deployment)
        shown = _shown(here, noted, held, last)
        failed = [one for one in shown if one.state == "failed"]
        rest = [one for one in shown if one.state != "failed"]
        return render_template(
            "tideng/plugins.html", failed=failed, rest=rest, summary=_summary(shown), switches=_may_switch(here)
        )

    @expose("/<string:name>/<any(on,off,again):what>", methods=["POST"])
    @needs(WRITE)
    def switch(self, name: str, what: str) -> Any:
        here = web()
        title = plugin_title(name)
        try:
            with writing(here.engine) as connection:
                if what == "off":
                    plugin_switches.switch_off(connection, here.deployment, here.viewer(), name)
                    said, kind = _("“%(name)s” is off. What it heard before stays.", name=title), "success"
                elif what == "on":
                    plugin_switches.switch_on(connection, here.deployment, here.viewer(), name)
                    said, kind = _("“%(name)s” is on.", name=title), "success"
                elif plugin_switches.try_again(connection, here.deployment, here.viewer(), name):
                    said, kind = _("“%(name)s” runs again.", name=title), "success"
                else:
                    said, kind = _("“%(name)s” failed again. The reason is below.", name=title), "warning"
        except Refused as error:
            reasons = (semicolon(locale())).join(say(one, locale()).line for one in error.problems)
            said, kind = _("“%(name)s” stays on: %(why)s.", name=title, why=reasons), "warning"
        here.deployment.bell.ring()
        flash(said, kind)
        return redirect(url_for("PluginsPage.show_all"))


def _may_switch(here: Web) -> bool:
    return here.may("can_write", "Plugins") and plugin_switches.may_switch(here.viewer())


def _shown(
    here: Web, noted: tuple[PluginView, ...], held: plugin_switches.Switches, last: Mapping[str, datetime]
) -> list[PluginShown]:
    """Every plugin that is installed here or was noted by another process, those that failed first."""
    deployment = here.deployment
    states = {state.name: state for state in deployment.plugins.states}
    rows = {one.name: one for one in noted}
    reading_rules = _rules_by_plugin(here)
    shown = []
    for name in sorted({*states, *rows}):
        own, row = states.get(name), rows.get(name)
        failed = next((one for one in (own, row) if one and one.state == "failed"), None)
        chosen = failed or own or row
        assert chosen is not None
        reasons = plugin_switches.why_indispensable(deployment, name) if chosen.state == "on" else []
        shown.append(
            PluginShown(
                name,
                plugin_title(name),
                _ICONS.get(name, "plug"),
                own.version if own else "",
                chosen.state,
                say_sentence(chosen.why, locale()) if chosen.why else "",
                row.since if row else here.now(),
                _brings(name),
                _effects(name),
                tuple(reading_rules.get(name, ())),
                (semicolon(locale())).join(say(one, locale()).line for one in reasons),
                chosen.why == SWITCHED_OFF,
                own is not None,
                last.get(name),
                held.tries.get(name, 0),
            )
        )
    order = {"failed": 0, "on": 1, "off": 2}
    return sorted(shown, key=lambda one: (order.get(one.state, 3), one.name))


def _summary(shown: list[PluginShown]) -> str:
    """6 on, 1 failed, 1 off."""
    counts = {state: sum(one.state == state for one in shown) for state in ("on", "failed", "off")}
    parts = [ngettext("%(num)s is on", "%(num)s are on", counts["on"])]
    if counts["failed"]:
        parts.append(ngettext("%(num)s failed", "%(num)s failed", counts["failed"]))
    if counts["off"]:
        parts.append(ngettext("%(num)s is off", "%(num)s are off", counts["off"]))
    return wording(phrase("{parts}.", parts=pause(locale()).join(parts)), locale())


def _brings(plugin: str) -> str:
    """What a plugin declares, in one line: 3 event types, 7 metrics."""
    catalogue = web().deployment.catalogue
    number = lambda shelf: sum(item.plugin == plugin for item in shelf.values())  # noqa: E731
    types, metrics, channels = map(number, (catalogue.event_types, catalogue.metrics, catalogue.channels))
    states, actions = map(number, (catalogue.states, catalogue.actions))
    parts = []
    if types:
        parts.append(ngettext("%(num)s event type", "%(num)s event types", types))
    if metrics:
        parts.append(ngettext("%(num)s metric", "%(num)s metrics", metrics))
    if states:
        parts.append(ngettext("%(num)s state", "%(num)s states", states))
    if channels:
        parts.append(ngettext("%(num)s channel", "%(num)s channels", channels))
    if actions:
        parts.append(ngettext("%(num)s action", "%(num)s actions", actions))
    if plugin in web().deployment.plugins.answers("judge"):
        parts.append(ngettext("judges by %(num)s rule", "judges by %(num)s rules", len(watches(web()))))
    if plugin in web().deployment.plugins.answers("directory"):
        people = len(web().directory())
        parts.append(ngettext("%(num)s person", "%(num)s people", people))
    return (pause(locale())).join(parts)


def _effects(plugin: str) -> tuple[str, ...]:
    """Which of the four effects a plugin can have: a channel informs, what it hears is put on record."""
    deployment = web().deployment
    catalogue = deployment.catalogue
    found = {action.effect for action in catalogue.actions.values() if action.plugin == plugin}
    if plugin in deployment.plugins.answers("judge"):  # it may use every action that there is
        found |= {action.effect for action in catalogue.actions.values()}
    if any(one.plugin == plugin for one in catalogue.channels.values()):
        found.add("inform")
    if any(one.plugin == plugin for one in catalogue.event_types.values()):
        found.add("record")
    return tuple(effect for effect in ("inform", "ask", "record", "support") if effect in found)


def _rules_by_plugin(here: Web) -> dict[str, list[tuple[str, int, Text]]]:
    """Plugin → the rules in force that read what it declares; from memory."""
    catalogue = here.deployment.catalogue
    shelves = (catalogue.event_types, catalogue.facts, catalogue.states)
    owner = {name: one.plugin for shelf in shelves for name, one in shelf.items()}
    owner |= {f"{kind}.{name}": one.plugin for name, one in catalogue.metrics.items() for kind in ("metric", "peers")}
    found: dict[str, list[tuple[str, int, Text]]] = {}
    for watch in watches(here):
        read = {*watch.needs, *(watch.until_needs or ())}
        read |= {*getattr(watch.trigger, "event_types", ()), getattr(watch.trigger, "event_type", "")}
        for plugin in sorted({owner[name] for name in read if name in owner}):
            found.setdefault(plugin, []).append((watch.rule, watch.version, watch.title))
    return found
