"""Which form a page shows: of which step, in which case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from tideng_processes.document.model import Definition, Node, Outcome
from tideng_processes.views.case import CaseView, TaskView


@dataclass(frozen=True, slots=True)
class Place:
    """Which form: that of the first step of a process, or of an open step of a `case`. `known`: the case's data."""

    definition: Definition
    version: int
    node: Node
    case: CaseView | None = None
    part: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        if self.case is None:
            return url_for("FormPage.begin", process=self.definition.id)
        return url_for("FormPage.step", case=self.case.id, node=self.node.id, part=self.part or None)

    @property
    def case_id(self) -> str:
        """'' while the case is not begun."""
        return self.case.id if self.case else ""

    @property
    def form_name(self) -> str:
        """The form's name for plugins: ``process.step``."""
        return f"{self.definition.id}.{self.node.id}"

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The ways out that make sense here: a case that is not begun yet cannot be given up."""
        ways = self.node.outcomes
        return ways if self.case else tuple(one for one in ways if one.form) or ways

    @property
    def task(self) -> TaskView | None:
        """The viewer's own part of the step."""
        mine = [one for one in self.case.open_tasks if one.mine and one.node == self.node.id] if self.case else []
        return next((one for one in mine if one.part == self.part), next(iter(mine), None))

    @property
    def asked_back(self) -> tuple[str, str]:
        """Who sent the case back to this step, and with which words; empty where nobody did."""
        steps = self.case.steps if self.case else ()
        done = next((one for one in reversed(steps) if one.kind == "done"), None)
        return (done.by_name, done.note) if done and done.note and done.node != self.node.id else ("", "")
