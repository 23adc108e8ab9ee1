"""The base of plugins that ship processes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tideng.plugin import hookimpl

if TYPE_CHECKING:
    from tideng.plugin import Deployment


class ShipsProcesses:
    """A plugin whose processes are the documents in the folder `definitions` beside its module.

    `deployment` is set once the plugin is `started`; hooks that are called later may rely on it. The plugin itself has to say
    that it requires the plugin `processes`."""

    deployment: Deployment
    started = False

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self.deployment, self.started = deployment, True

    @hookimpl
    def process_definitions(self) -> str | None:
        return str(Path(sys.modules[type(self).__module__].__file__ or "").parent / "definitions")
