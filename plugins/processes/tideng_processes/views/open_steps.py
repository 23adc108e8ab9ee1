"""The open steps of people, for their lists of what is to do."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tideng.plugin import Todo
from tideng_processes.cases.run import OPEN
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, TaskRow


def todos_of(connection: Connection, registry: Registry, people: Iterable[str]) -> list[Todo]:
    """The open steps of `people`, without steps that only wait for their time. One statement."""
    task, case = TaskRow, CaseRow
    columns = (
        task.case,
        task.node,
        task.part,
        task.owner,
        task.entered_at,
        task.due,
        case.process,
        case.version,
        case.person,
    )
    query = select(*columns).join(case, case.id == task.case)
    found = []
    for row in connection.execute(query.where(task.owner.in_(sorted(set(people))), task.state == OPEN)):
        published = registry.version(row.process, row.version)
        node = published.definition.nodes.get(row.node) if published else None
        if published is None or node is None or node.at_due:
            continue
        definition = published.definition
        title = {one: f"{definition.title.get(one, '')} · {text}" for one, text in node.title.items()}
        href = f"/me/cases/{row.case}/{row.node}" + (f"?part={row.part}" if row.part else "")
        about = "" if row.person == row.owner else row.person
        found.append(Todo(row.owner, title, href, row.entered_at, row.due, about, definition.icon))
    return found
