"""What the organisation keeps of a person's joining, moving and leaving, for that person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, select

from tideng.holdings import Holding, Record
from tideng_orgchart.tables import ChangeRow

_COLUMNS = {
    "at": {"zh": "时间", "en": "Time"},
    "kind": {"zh": "变动", "en": "Change"},
    "name": {"zh": "姓名", "en": "Name"},
    "unit": {"zh": "部门", "en": "Unit"},
    "position": {"zh": "岗位", "en": "Position"},
    "supervisor": {"zh": "主管", "en": "Supervisor"},
}
_KINDS = {
    "joined": {"zh": "入职", "en": "Joined"},
    "moved": {"zh": "调动", "en": "Moved"},
    "left": {"zh": "离开", "en": "Left"},
}


def changes_of(connection: Connection, person: str) -> Holding:
    """Every change that was heard of; the posts themselves are the core's to tell. One statement, and one for each part read."""
    row = ChangeRow
    mine = row.person == person
    count, first, last = connection.execute(select(func.count(), func.min(row.at), func.max(row.at)).where(mine)).one()
    wanted = select(*(getattr(row, column) for column in _COLUMNS)).where(mine).order_by(row.at.desc(), row.id.desc())

    def records(start: int, most: int) -> Iterable[Record]:
        return [_record(one) for one in connection.execute(wanted.offset(start).limit(most))]

    title = {"zh": "入职、调动和离开的记录", "en": "Joining, moving and leaving"}
    about = {"zh": "来自人事系统。您和人事可看", "en": "From the HR system. You and HR can see it"}
    return Holding("orgchart.changes", title, about, _COLUMNS, count, records, first, last, "org")


def _record(row: Any) -> Record:
    return {**row._mapping, "kind": _KINDS.get(row.kind, row.kind)}
