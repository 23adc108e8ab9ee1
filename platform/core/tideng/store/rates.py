"""Exchange rates, kept: what apply brings, from which day on it changes what amounts are worth, and what no rate covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, delete, select
from sqlalchemy import insert as plain_insert

from tideng.model.money import Money, Rate
from tideng.store.database import insert
from tideng.store.tables import RateRow, UnpricedRow

RATES = "rates"
"""The note that changes with the rates, so that every process takes them over."""
RECOUNT = "money to count anew"
"""The note that says from which day on amounts are to be counted anew; ``{"since": null}`` when none are."""


def stored_rates(connection: Connection) -> tuple[Rate, ...]:
    """Every rate, sorted."""
    rows = connection.execute(select(RateRow.currency, RateRow.day, RateRow.rate))
    return tuple(sorted(Rate(row.currency, row.day, Decimal(row.rate)) for row in rows))


def store_rates(connection: Connection, rates: Iterable[Rate]) -> None:
    """Put `rates` in the place of those that are stored."""
    connection.execute(delete(RateRow))
    rows = [{"currency": rate.currency, "day": rate.day, "rate": str(rate.rate)} for rate in rates]
    if rows:
        connection.execute(plain_insert(RateRow), rows)


def rate_changes(before: Sequence[Rate], after: Sequence[Rate]) -> tuple[list[str], date | None]:
    """What differs, one line a currency, and the first day whose amounts are worth something else; None where nothing
    differs."""
    old = {(rate.currency, rate.day): rate.rate for rate in before}
    new = {(rate.currency, rate.day): rate.rate for rate in after}
    days: dict[str, list[date]] = {}
    for currency, day in sorted(key for key in {*old, *new} if old.get(key) != new.get(key)):
        days.setdefault(currency, []).append(day)
    lines = [f"rates: {currency}, {len(of)} changed, the first of {of[0]}" for currency, of in days.items()]
    return lines, min((of[0] for of in days.values()), default=None)


def note_unpriced(connection: Connection, unpriced: Mapping[tuple[str, date], int]) -> None:
    """Count amounts that were judged without a rate."""
    rows = [
        {"currency": currency[:40], "day": day, "amounts": amounts}
        for (currency, day), amounts in sorted(unpriced.items())
    ]
    statement = insert(connection)(UnpricedRow)
    added = {"amounts": UnpricedRow.amounts + statement.excluded.amounts}
    connection.execute(statement.on_conflict_do_update(index_elements=["currency", "day"], set_=added), rows)


def without_rate(connection: Connection, money: Money) -> Iterator[tuple[str, date, int]]:
    """(currency, first day, amounts) for what was judged without a rate and has none to this day."""
    found: dict[str, tuple[date, int]] = {}
    for row in connection.execute(select(UnpricedRow.__table__).order_by(UnpricedRow.day)):
        if money.rate(row.currency, row.day) is None:
            first, amounts = found.get(row.currency, (row.day, 0))
            found[row.currency] = first, amounts + row.amounts
    for currency, (first, amounts) in sorted(found.items()):
        yield currency, first, amounts
