"""Finds the step that follows: a process as a state machine of the library *transitions*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transitions import EventData
from transitions import Machine as StateMachine

from tideng.plugin import Problem, Refused
from tideng_processes.document.conditions import holds
from tideng_processes.document.model import Condition, Definition, Outcome


class Walk:
    """The state of one case during one move: a model, as the library calls it."""

    __slots__ = ("state",)

    def __init__(self, state: str):
        self.state = state


class Machine:
    """The state machine of one definition. It holds no case: the current step goes in, the next one comes out."""

    def __init__(self, definition: Definition):
        self._definition = definition
        self._machine = StateMachine(
            model=None,
            states=[*definition.nodes, *definition.ends],
            transitions=[
                {"trigger": outcome.id, "source": node.id, "dest": route.to, "conditions": [_asks(route.when)]}
                for node in definition.nodes.values()
                for outcome in node.outcomes
                for route in outcome.routes
            ],
            initial=None,
            auto_transitions=False,
            send_event=True,
        )

    def advance(self, node: str, outcome: str, data: Mapping[str, Any]) -> str:
        """The step or end that follows `outcome` at `node`; the first of its routes whose condition holds for `data`. Raises
        `Refused` where the step has no such outcome."""
        known = self.ways(node)
        if all(one.id != outcome for one in known):
            raise Refused(
                "step", [Problem("outcome", "no-way-out", {"name": outcome, "names": (one.id for one in known)})]
            )
        walk = Walk(node)
        # the walk is not added to the library's machine: adding costs ten times the move, and threads share the machine
        self._machine.events[outcome].trigger(walk, data=data)
        return walk.state

    def ways(self, node: str) -> tuple[Outcome, ...]:
        """The outcomes of a step; none of an end."""
        found = self._definition.nodes.get(node)
        return found.outcomes if found else ()

    def is_end(self, name: str) -> bool:
        return name in self._definition.ends


def _asks(when: Condition | None) -> Any:
    def condition(event: EventData) -> bool:
        return holds(when, event.kwargs["data"])

    return condition
