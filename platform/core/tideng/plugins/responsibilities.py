"""Who is responsible for what: each step of each process with its owner. Plugins give them; the organisation chart
shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tideng.model.catalogue import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng.org.directory import Directory
    from tideng.runtime.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Responsibility:
    """One step and its owner. `process`, `step`: titles per locale. `owner`: in words (“直属主管”, “销售代表”). `position`,
    `role`: the ids, when the owner is one of these. `people`: who holds it at the moment asked for, a few at most.
    `instead_of`: substitute → the person they stand in for. `within`: the deadline in words. `href`: where to read
    more. `open`, `late`: how many cases are at this step, and how many of them are late."""

    name: str
    process: Text
    step: Text
    owner: Text
    position: str = ""
    role: str = ""
    people: tuple[str, ...] = ()
    instead_of: Mapping[str, str] = field(default_factory=dict)
    within: Text = field(default_factory=dict)
    href: str = ""
    open: int = 0
    late: int = 0


def responsibilities(
    deployment: Deployment, connection: Connection, directory: Directory, moment: datetime
) -> list[Responsibility]:
    """Collect every step with an owner, in the order in which plugins give them. A few statements, whatever the
    size."""
    parts = deployment.plugins.call("responsibilities", connection=connection, directory=directory, moment=moment)
    return [one for part in parts for one in part]
