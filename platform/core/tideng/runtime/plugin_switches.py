"""Switch plugins on and off, and try failed ones again. Every process follows before its next batch or page.

Who may: implementers and administrators. A plugin that others need, or without which nobody would be known or nothing
judged, cannot be switched off; the refusal says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from tideng.base.errors import (
    NotAllowed,
    NotFound,
    Problem,
    Refused,
)
from tideng.base.problems import Sentence
from tideng.runtime.deployment import SWITCHES
from tideng.store.tables import EventRow, NoteRow

if TYPE_CHECKING:
    from datetime import datetime

    from tideng.access.viewer import Viewer
    from tideng.runtime.deployment import Deployment

SWITCHES_PLUGINS = frozenset({"implementer", "admin"})
_INDISPENSABLE = {"directory": Sentence("does-know-people"), "judge": Sentence("does-judge")}


@dataclass(frozen=True, slots=True)
class Switches:
    """`off`: plugin → who switched it off and when (ISO); `tries`: plugin → how often people asked to try it again."""

    off: Mapping[str, Mapping[str, str]]
    tries: Mapping[str, int]


def may_switch(viewer: Viewer) -> bool:
    return bool(viewer.roles & SWITCHES_PLUGINS)


def switches(connection: Connection) -> Switches:
    """The stored decisions. One statement."""
    value = connection.scalar(select(NoteRow.value).where(NoteRow.key == SWITCHES)) or {}
    return Switches(value.get("off", {}), value.get("tries", {}))


def why_indispensable(deployment: Deployment, plugin: str) -> list[Problem]:
    """The reasons why `plugin` cannot be switched off now; [] if it can."""
    plugins, problems = deployment.plugins, []
    needed_by = plugins.dependents(plugin)
    if needed_by:
        problems.append(Problem("", "plugin-needed-by", {"names": needed_by}))
    for hook, does in _INDISPENSABLE.items():
        if plugins.answers(hook) == [plugin]:
            problems.append(Problem("", "plugin-only-one", {"does": does}))
    return problems


def switch_off(connection: Connection, deployment: Deployment, viewer: Viewer, plugin: str) -> None:
    """Switch `plugin` off. Raises `NotAllowed`, `NotFound`, and `Refused` with every reason against it."""
    _check(deployment, viewer, plugin)
    problems = why_indispensable(deployment, plugin)
    if problems:
        raise Refused("switch", problems)
    held = switches(connection)
    by = {"by": viewer.login, "at": deployment.clock.now().isoformat()}
    _keep(connection, deployment, {**held.off, plugin: by}, held.tries)


def switch_on(connection: Connection, deployment: Deployment, viewer: Viewer, plugin: str) -> None:
    """Switch `plugin` on. Raises `NotAllowed`, `NotFound`."""
    _check(deployment, viewer, plugin)
    held = switches(connection)
    _keep(connection, deployment, {name: by for name, by in held.off.items() if name != plugin}, held.tries)


def try_again(connection: Connection, deployment: Deployment, viewer: Viewer, plugin: str) -> bool:
    """Load a failed plugin again, in this process now and in the others before their next batch; True if it is on here.

    Raises `NotAllowed`, `NotFound`.
    """
    _check(deployment, viewer, plugin)
    held = switches(connection)
    _keep(connection, deployment, held.off, {**held.tries, plugin: held.tries.get(plugin, 0) + 1})
    return deployment.plugins.get(plugin) is not None


def last_events(connection: Connection, deployment: Deployment) -> dict[str, datetime]:
    """Plugin → when the latest event of a type that it declares happened (UTC); plugins without one are left out. One statement."""
    types = {name: one.plugin for name, one in deployment.catalogue.event_types.items()}
    latest = select(EventRow.type, func.max(EventRow.time)).where(EventRow.type.in_(sorted(types)))
    found: dict[str, datetime] = {}
    for name, at in connection.execute(latest.group_by(EventRow.type)):
        plugin = types[name]
        found[plugin] = max(at, found.get(plugin, at))
    return found


def _check(deployment: Deployment, viewer: Viewer, plugin: str) -> None:
    if not may_switch(viewer):
        raise NotAllowed("viewer-may-not-switch-plugins")
    if plugin not in {state.name for state in deployment.plugins.states}:
        raise NotFound("no-plugin", {"name": plugin})


def _keep(connection: Connection, deployment: Deployment, off: Mapping[str, Any], tries: Mapping[str, int]) -> None:
    deployment.keep_switches(connection, {"off": dict(off), "tries": dict(tries)})
    deployment.refresh(connection)
    deployment.note_plugins(connection)
