"""What processes hold on a person, who may look at it and take it away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, func, or_, select

from tideng.holdings import Holding, Record
from tideng_processes.choosing import NamedCase, named, references
from tideng_processes.model import Definition
from tideng_processes.registry import Registry
from tideng_processes.tables import CaseRow, PaperRow, StepRow, TaskRow
from tideng_processes.words import said, text

_SEEN = {
    "zh": "您、步骤负责人、您的主管和人事可看",
    "en": "You, whoever had a step, those who lead you and HR can see it",
}
_AT = {"zh": "时间", "en": "Time"}
_CASE = {"zh": "哪一件", "en": "Case"}
_CASES = {
    "id": _CASE,
    "process": {"zh": "流程", "en": "Process"},
    "version": {"zh": "版本", "en": "Version"},
    "node": {"zh": "在哪一步", "en": "Where it stands"},
    "end": {"zh": "结果", "en": "How it ended"},
    "started_at": {"zh": "开始", "en": "Began"},
    "ended_at": {"zh": "结束", "en": "Ended"},
    "data": {"zh": "内容", "en": "Content"},
}
_NAMES = {"names": {"zh": "提到的别的单", "en": "Other cases it names"}}
_STEPS = {
    "at": _AT,
    "case": _CASE,
    "kind": {"zh": "发生了什么", "en": "What happened"},
    "node": {"zh": "步骤", "en": "Step"},
    "outcome": {"zh": "结果", "en": "Outcome"},
    "note": {"zh": "说明", "en": "Words"},
}
_TASKS = {
    "case": _CASE,
    "node": {"zh": "步骤", "en": "Step"},
    "entered_at": {"zh": "到您这里", "en": "Came to you"},
    "due": {"zh": "期限", "en": "Due"},
    "done_at": {"zh": "完成", "en": "Done"},
    "outcome": {"zh": "结果", "en": "Outcome"},
}
_PAPERS = {
    "kept_at": _AT,
    "case": _CASE,
    "name": {"zh": "文件", "en": "File"},
    "size": {"zh": "大小（字节）", "en": "Size in bytes"},
    "reading": {"zh": "读到的内容", "en": "What was read from it"},
}


def cases_of(connection: Connection, person: str, registry: Registry) -> list[Holding]:
    """The person's cases, what they did and said in any, the steps they had, the files they handed in. A statement each."""
    return [
        _holding(connection, "cases", {"zh": "您的流程单", "en": "Your cases"}, CaseRow, _CASES, CaseRow.person == person,
                 CaseRow.started_at, _told(connection, registry), _NAMES),
        _holding(connection, "steps", {"zh": "您在流程里做过和说过的", "en": "What you did and said in cases"}, StepRow, _STEPS,
                 StepRow.by == person, StepRow.at),
        _holding(connection, "tasks", {"zh": "轮到过您的步骤", "en": "Steps that were yours"}, TaskRow, _TASKS,
                 TaskRow.owner == person, TaskRow.entered_at),
        _papers(connection, person),
    ]  # fmt: skip


def _told(connection: Connection, registry: Registry) -> Any:
    """Cases with the titles that people know, not the names of the document, and the other cases they name in words. One statement
    more, where they name any."""

    def records(rows: Sequence[Any]) -> list[Record]:
        known = {row.id: one.definition for row in rows if (one := registry.version(row.process, row.version))}
        wanted = {row.id: references(known[row.id], row.data) if row.id in known else set() for row in rows}
        names = named(connection, registry, set().union(*wanted.values()))
        return [_record(row, known.get(row.id), [names[key] for key in sorted(wanted[row.id])]) for row in rows]

    return records


def _record(row: Any, it: Definition | None, names: Sequence[NamedCase]) -> Record:
    if it is None:
        return dict(row._mapping)
    node, end = it.nodes.get(row.node), it.ends.get(row.end)
    titles = {"process": it.title, "node": node.title if node else "", "end": end.title if end else ""}
    others = text(lambda locale: "\n".join(said(one.words, locale) for one in names))
    return {**row._mapping, **titles, "names": others if names else ""}


def _holding(
    connection: Connection, name: str, title: dict[str, str], row: Any, columns: dict[str, Any], which: Any, when: Any,
    told: Any = lambda rows: [dict(one._mapping) for one in rows], more: Mapping[str, Any] = MappingProxyType({}),
) -> Holding:  # fmt: skip
    count, first, last = connection.execute(select(func.count(), func.min(when), func.max(when)).where(which)).one()
    wanted = select(*(getattr(row, column) for column in columns)).where(which).order_by(when.desc(), row.id.desc())
    records = lambda start, most: told(connection.execute(wanted.offset(start).limit(most)).all())  # noqa: E731
    return Holding(f"processes.{name}", title, _SEEN, {**columns, **more}, count, records, first, last, "flow")


def _papers(connection: Connection, person: str) -> Holding:
    row = PaperRow
    own = or_(row.author == person, row.case.in_(select(CaseRow.id).where(CaseRow.person == person)))
    found = _holding(
        connection, "papers", {"zh": "您交过的文件", "en": "Files you handed in"}, row, _PAPERS, own, row.kept_at
    )

    def files() -> Iterator[tuple[str, bytes]]:
        for one in connection.execute(select(row.id, row.name).where(own)).all():  # one at a time: each may be large
            yield (
                f"papers/{one.id}-{one.name}",
                bytes(connection.scalar(select(row.content).where(row.id == one.id)) or b""),
            )

    return replace(found, files=files)
