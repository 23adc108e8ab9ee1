"""Read rates.csv of a client bundle: the worth of other currencies, day by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from babel.numbers import list_currencies

from tideng.base.numerals import read_number
from tideng.client.files import (
    Problems,
    Row,
    read_day,
    read_table,
)
from tideng.model.money import Rate

_MOST_DIGITS = 20


def read_rates(root: Path, currency: str, problems: Problems) -> tuple[Rate, ...]:
    """Read rates.csv under `root` (``date,currency,rate``), oldest first; () when there is no such file.

    A rate is the amount of the client's currency (`currency`) for one unit of the other.
    """
    known = list_currencies()
    lines: dict[tuple[str, date], int] = {}
    rates: list[Rate] = []
    for row in read_table(root / "rates.csv", ("date", "currency", "rate"), (), problems):
        code, day, rate = row["currency"], read_day(row, "date", problems), _rate(row, problems)
        if code == currency:
            problems.add(row.at("currency"), "rate-of-own-currency", {"code": code})
        elif code and code not in known:
            problems.add(row.at("currency"), "not-a-currency", {"code": code[:40]})
        elif day is not None and (code, day) in lines:
            problems.add(row.at("date"), "rate-on-line-already", {"code": code, "day": day, "line": lines[code, day]})
        elif day is not None and rate is not None:
            lines[code, day] = row.line
            rates.append(Rate(code, day, rate))
    return tuple(sorted(rates, key=lambda rate: (rate.day, rate.currency)))


def _rate(row: Row, problems: Problems) -> Decimal | None:
    if not row["rate"]:
        return None  # an empty cell was reported by read_table
    rate = Decimal(row["rate"]) if read_number(row["rate"]) is not None else Decimal()
    if rate > 0 and len(row["rate"]) <= _MOST_DIGITS and "e" not in row["rate"].lower():
        return rate
    problems.add(row.at("rate"), "not-a-rate", {"value": row["rate"][:40]})
    return None
