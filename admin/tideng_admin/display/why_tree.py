"""The conditions of a finding or an answer as a tree that a page draws."""

from __future__ import annotations

from dataclasses import dataclass

from tideng.org.directory import Directory
from tideng.store.database import reading
from tideng.views.nudges import NudgeView
from tideng_admin.display.reasons import PARTS
from tideng_admin.request.context import locale, web
from tideng_rules.engine.verdict_tree import Node
from tideng_rules.why.why_spoke import Explanation, explain_finding
from tideng_rules.wording.answers import Teller, chosen


@dataclass(frozen=True, slots=True)
class Branch:
    """One condition as it is drawn. `state`: yes, no, or na (no data, or it did not matter)."""

    state: str
    text: str
    value: str
    items: tuple[Branch, ...]
    group: bool


@dataclass(frozen=True, slots=True)
class TreePart:
    """One part of the conditions with its heading."""

    key: str
    top: Branch


def parts_of(conditions: tuple[tuple[str, Node], ...]) -> list[TreePart]:
    """The parts of a finding's or an answer's conditions, in the reader's language."""
    teller = Teller(web().deployment.catalogue)
    return [TreePart(str(PARTS.get(part, part)), _branch(node, teller)) for part, node in conditions]


def _branch(node: Node, teller: Teller) -> Branch:
    state = "na" if not node.decided or node.missing else "yes" if node.holds else "no"
    items = tuple(_branch(item, teller) for item in node.items)
    text, value = chosen(teller.node(node), locale()), chosen(teller.value(node), locale())
    return Branch(state, text, value, items, node.kind != "fact")


def explanation_of(directory: Directory, found: NudgeView) -> Explanation:
    """Why a finding that the reader may see was made."""
    with reading(web().engine) as connection:
        return explain_finding(web().deployment, connection, web().viewer(), found.id, directory)
