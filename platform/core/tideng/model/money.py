"""Money: amounts are compared and summed in the client's currency, at the rate of their day.

Stored events stay as they came. `in_client_money` is the one place where an amount is turned into the client's currency;
everything that judges or counts an event (live, replay, a new metric, a late event) sees what it returns.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import get_currency_precision

from tideng.model.event import Event

if TYPE_CHECKING:
    from tideng.model.catalogue import Catalogue
    from tideng.org.directory import Directory

MONEY = "money"
"""The unit of a field that holds an amount; shown as the client's currency."""


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """What one unit of `currency` (ISO 4217) is worth in the client's currency, from `day` until the next rate."""

    currency: str
    day: date
    rate: Decimal


class Money:
    """The client's currency and the rates of others. Immutable: new rates make a new one."""

    def __init__(self, currency: str = "CNY", rates: Iterable[Rate] = ()):
        self.currency = currency
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}
        for rate in sorted(rates):
            self._rates.setdefault(rate.currency, []).append((rate.day, rate.rate))
        self._smallest = Decimal(1).scaleb(-get_currency_precision(currency))

    def rate(self, currency: str, day: date) -> Decimal | None:
        """The latest rate on or before `day`; 1 for the client's own currency, None where there is none."""
        if currency == self.currency:
            return Decimal(1)
        known = self._rates.get(currency, [])
        place = bisect.bisect_right(known, day, key=lambda one: one[0])
        return known[place - 1][1] if place else None

    def worth(self, amount: float, currency: str, day: date) -> float | None:
        """`amount` in the client's currency, rounded half up to its smallest coin; None where there is no rate."""
        if currency == self.currency:
            return amount
        rate = self.rate(currency, day)
        if rate is None:
            return None
        coins = (Decimal(str(amount)) * rate).quantize(self._smallest, ROUND_HALF_UP)
        return int(coins) if coins == coins.to_integral_value() else float(coins)


def currency_of(said: Any, own: str) -> str:
    """The ISO code that an event names; the client's own currency if it names none."""
    return str(said).strip().upper() or own if said is not None else own


def in_client_money(
    event: Event, catalogue: Catalogue, directory: Directory, unpriced: dict[tuple[str, date], int] | None = None
) -> Event:
    """The event with its amounts in the client's currency, at the rate of its subject's local day.

    The catalogue declares which fields are amounts (`Field.currency`); the field that names the currency stays as it came.
    An amount without a rate is left out, so that it is "no data" and never a wrong number; `unpriced` counts it by
    (currency, day).
    """
    declared = catalogue.event_types.get(event.type)
    if declared is None or not declared.amounts:
        return event
    changed: dict[str, Any] = {}
    for amount, named in declared.amounts:
        value, currency = event.data.get(amount), currency_of(event.data.get(named), catalogue.money.currency)
        if currency == catalogue.money.currency or not isinstance(value, int | float) or isinstance(value, bool):
            continue
        day = directory.local_day(event.subject, event.time)
        changed[amount] = catalogue.money.worth(value, currency, day)
        if changed[amount] is None and unpriced is not None:
            unpriced[currency, day] = unpriced.get((currency, day), 0) + 1
    if not changed:
        return event
    data: Mapping[str, Any] = {**event.data, **changed}
    return replace(event, data={name: value for name, value in data.items() if value is not None})
