"""What a plugin that ships processes has in common with the others that do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tideng.plugin import hookimpl

if TYPE_CHECKING:
    from tideng.plugin import Deployment


class ShipsProcesses:
    """A plugin whose processes are the documents in the folder `definitions` beside its module. `deployment`: the one it works
    in, there once it is `started`; a hook that is called of a running one may rely on it. It says itself that it requires the plugin `processes`."""

    deployment: Deployment
    started = False

    @hookimpl
    def start(self, deployment: Deployment) -> None:
        self.deployment, self.started = deployment, True

    @hookimpl
    def process_definitions(self) -> str | None:
        return str(Path(sys.modules[type(self).__module__].__file__ or "").parent / "definitions")
