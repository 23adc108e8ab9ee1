"""Who is responsible for which step of which process, for the organisation's pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from tideng.plugin import Catalogue, Directory, Responsibility
from tideng_processes.cases.owners import Staff
from tideng_processes.cases.run import OPEN
from tideng_processes.document.model import (
    Definition,
    Node,
    OwnerChoice,
    Part,
)
from tideng_processes.document.sentences import deadline_words, owner_words
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import TaskRow

FEW = 5
"""The most holders that are named."""


def responsibilities_of(
    connection: Connection, catalogue: Catalogue, directory: Directory, registry: Registry, moment: datetime
) -> list[Responsibility]:
    """Every step of every process that has an owner, with the people responsible at `moment`. Two statements."""
    staff = Staff.of(connection, catalogue, directory, moment)
    counts = _counts(connection)
    return [
        _responsibility(published.definition, node, part, staff, counts)
        for published in registry.all()
        for node in published.definition.nodes.values()
        if not node.at_due
        for part in node.parts
    ]


def _counts(connection: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """(process, step) → its open tasks, and those of them past their deadline."""
    row = TaskRow
    query = select(row.process, row.node, func.count(), func.count(row.overdue_at)).where(row.state == OPEN)
    return {(one[0], one[1]): (one[2], one[3]) for one in connection.execute(query.group_by(row.process, row.node))}


def _responsibility(
    definition: Definition, node: Node, part: Part, staff: Staff, counts: dict[tuple[str, str], tuple[int, int]]
) -> Responsibility:
    usual = next((one for one in part.owners if one.when is None), part.owners[0])
    people, instead = _holders(usual, staff)
    open_, late = counts.get((definition.id, node.id), (0, 0))
    return Responsibility(
        name=f"{definition.id}.{node.id}" + (f".{part.id}" if part.id else ""),
        process=definition.title,
        step=node.title,
        owner=owner_words(part, staff.directory, definition.fields),
        position=usual.name if usual.kind == "position" else "",
        role="hr" if usual.kind == "hr" else usual.name if usual.kind == "role" else "",
        people=people[:FEW],
        instead_of=instead,
        within=deadline_words(node.deadline, definition.fields),
        href=f"/processes/{definition.id}",
        open=open_,
        late=late,
    )


def _holders(choice: OwnerChoice, staff: Staff) -> tuple[tuple[str, ...], dict[str, str]]:
    """The holders of the position or role, and stand-in → the person they stand in for; nobody where the owner depends on the case."""
    if choice.kind == "position":
        named = staff.holders(choice.name)
    elif choice.kind in ("role", "hr"):
        named = list(staff.directory.roles.get(choice.name or "hr", ()))
    else:
        return (), {}
    there = [one for one in named if staff.present(one)]
    instead = {staff.instead_of(one): one for one in named if one not in there and not there}
    return tuple(there or instead), instead
