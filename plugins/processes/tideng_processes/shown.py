"""A process as its page shows it: each step with its owner, its deadline, how it goes and where it leads, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tideng.people import Directory
from tideng_processes.diagram import Way, place, ways
from tideng_processes.figures import NodeFigures, ProcessFigures
from tideng_processes.model import Definition, Node
from tideng_processes.words import deadline_words, owner_words, remind_words, said


@dataclass(frozen=True, slots=True)
class AsksFor:
    """A field that a step asks for: its title, and whether it may be left out."""

    title: str
    optional: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class StepCard:
    """One step. `clock`: elapsed, working, or '' where there is no length of time; `by_itself`: what happens when it is due,
    '' where somebody is then told; `first`: the one to look at first; `leads`: the next card follows on it."""

    id: str
    title: str
    help: str
    owner: str
    deadline: str
    clock: str
    remind: str
    by_itself: str
    joint: bool
    asks: tuple[AsksFor, ...]
    ways: tuple[Way, ...]
    figures: NodeFigures
    first: bool
    leads: bool

    @property
    def percent(self) -> int | None:
        """How many of a hundred were in time; None while no deadline came."""
        return None if self.figures.share is None else round(self.figures.share * 100)


def step_cards(definition: Definition, figures: ProcessFigures, locale: str, directory: Directory) -> list[StepCard]:
    """The steps in the order in which they are written."""
    nodes = list(definition.nodes.values())
    return [
        _card(node, definition, figures, locale, directory, after.id if after else "")
        for node, after in zip(nodes, [*nodes[1:], None], strict=True)
    ]


def good_ends(definition: Definition, figures: ProcessFigures) -> int:
    """How many cases ended as they were meant to."""
    return sum(n for end, n in figures.ended.items() if end in definition.ends and definition.ends[end].good)


def _card(
    node: Node, definition: Definition, figures: ProcessFigures, locale: str, directory: Directory, after: str
) -> StepCard:
    out, deadline = ways(node, definition, locale), node.deadline
    by_itself = node.outcome(node.at_due) if node.at_due else None
    return StepCard(
        id=node.id,
        title=place(node.id, definition, locale),
        help=said(node.help, locale),
        owner=said(owner_words(node, directory, definition.fields), locale),
        deadline=said(deadline_words(deadline, definition.fields), locale),
        clock=("working" if deadline.working else "elapsed") if deadline and deadline.within else "",
        remind=said(remind_words(node.remind), locale),
        by_itself=said(by_itself.title, locale, by_itself.id) if by_itself else "",
        joint=node.joint,
        asks=tuple(_asks(node, definition, locale)),
        ways=tuple(out),
        figures=figures.nodes.get(node.id, NodeFigures()),
        first=node.id == figures.slowest,
        leads=any(way.to == after and not way.back for way in out),
    )


def _asks(node: Node, definition: Definition, locale: str) -> Iterator[AsksFor]:
    for one in node.form:
        field = definition.fields.get(one.field)
        title = said(field.title, locale, one.field) if field else one.field
        yield AsksFor(title, not one.required, bool(field and field.sensitive))
