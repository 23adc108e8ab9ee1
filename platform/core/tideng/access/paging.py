"""Rows by the page, newest first, found again by a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Select

PAGE_SIZE, MAX_PAGE_SIZE = 25, 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, newest first. `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: int | None = None


def page_of(
    connection: Connection, statement: Select, key: Any, before: int | None, size: int
) -> tuple[Sequence[Row], int | None]:
    """One page by cursor: the same effort for the thousandth page as for the first, and no row is shown twice."""
    size = clamped(size)
    if before is not None:
        statement = statement.where(key < before)
    rows = connection.execute(statement.order_by(key.desc()).limit(size + 1)).all()
    return (rows[:size], rows[size - 1].id) if len(rows) > size else (rows, None)


def clamped(size: int) -> int:
    return max(1, min(size, MAX_PAGE_SIZE))
