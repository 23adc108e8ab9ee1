"""A case and its open tasks as values in memory, between the tables and whatever moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tideng_processes.document.model import Definition, Node, Part

OPEN, ANSWERED, GONE = "open", "done", "gone"
"""The states of a task: waits for its owner, answered by its owner, left open when the case left the step."""
Papers = Mapping[int, Mapping[str, str]]
"""What events tell of files: id → ``kind`` and, where one was read, ``number``."""


@dataclass
class Task:
    """One owner's part of the step at which a case stands. `id` is None until the task is written."""

    node: str
    part: str
    owner: str
    entered_at: datetime
    visit: int
    id: int | None = None
    meant_for: str | None = None
    due: datetime | None = None
    wake: datetime | None = None
    overdue_at: datetime | None = None
    state: str = OPEN
    late: bool = False
    told: bool = True
    done_at: datetime | None = None
    outcome: str = ""
    by: str = ""
    changed: bool = False


@dataclass
class Run:
    """A case in memory: its stored columns, its definition and the tasks of its current step.

    `fresh`: the case is in no table yet. `changed`: a column of the case itself has to be written. `papers`: the files of the
    form that is being handed in. `had`: (step, part) → owner of earlier visits, the latest visit last."""

    id: str
    definition: Definition
    version: int
    person: str
    starter: str
    node: str
    data: dict[str, Any]
    started_at: datetime
    visits: int = 0
    end: str = ""
    ended_at: datetime | None = None
    key: str | None = None
    reference: str = ""
    papers: Papers = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    had: dict[tuple[str, str], str] = field(default_factory=dict)
    fresh: bool = False
    changed: bool = False

    @property
    def name(self) -> str:
        """The name that events use: the reference of the system that started the case, else the id."""
        return self.reference or self.id

    @property
    def step(self) -> Node:
        return self.definition.nodes[self.node]

    def open_task(self, node: str, part: str) -> Task | None:
        wanted = (one for one in self.tasks if one.state == OPEN and one.node == node and one.part == part)
        return next(wanted, None)

    def had_like(self, part: Part) -> str:
        """The latest owner in this case of a step for the same role or position as `part`; '' for nobody."""
        for (node, name), owner in reversed(self.had.items()):
            before = self.definition.nodes[node].part(name) if node in self.definition.nodes else None
            if before is not None and before.held_by & part.held_by:
                return owner
        return ""
