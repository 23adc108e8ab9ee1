"""Plugins do what has come due in their own tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tideng.runtime.in_force import InForce
from tideng.store.database import reading, writing

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment


class PluginJob:
    """Calls the plugins for which something is due. `fault` is called at each named point of a unit of work."""

    def __init__(self, deployment: Deployment, in_force: InForce, fault: Callable[[str], None]):
        self._deployment, self._in_force, self._fault = deployment, in_force, fault

    def come_due(self) -> int:
        """Let plugins do what is due; returns how much that was. Each has a transaction of its own, so that one that
        fails takes nobody along."""
        now, plugins = self._deployment.clock.now(), self._deployment.plugins
        with reading(self._deployment.engine) as connection:
            waiting = [name for name, due in plugins.call_named("is_due", connection=connection, now=now) if due]
        done = 0
        for name in waiting:
            with writing(self._deployment.engine) as connection:
                self._in_force.refresh(connection)
                arguments = {"connection": connection, "directory": self._in_force.directory, "now": now}
                done += plugins.call_one(name, "come_due", **arguments) or 0
                self._fault("before commit")
            self._fault("committed")
        return done
