"""The plugin's settings in a client bundle: ``plugins: {travel: {days_around: 2, tax_ids: [91310000…]}}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tideng.plugin import Problem

_TAX_ID = re.compile(r"[0-9A-Z]{15,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """`days_around`: days before and after the trip within which an invoice raises no question. `tax_ids`: the
    client's own (统一社会信用代码), to notice invoices made out to others; () turns that check off."""

    days_around: int = 1
    tax_ids: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Options:
        """Read the settings. A wrong value counts as not given; `check` reports it."""
        wrong = {one.at for one in check(values)}
        days = values.get("days_around", 1) if "days_around" not in wrong else 1
        return cls(days, tuple(values.get("tax_ids", ())) if "tax_ids" not in wrong else ())


def check(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield every problem in the plugin's settings."""
    for name in values.keys() - {"days_around", "tax_ids"}:
        yield Problem(name, "unknown-travel-setting")
    days, ids = values.get("days_around", 1), values.get("tax_ids", [])
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= 60:
        yield Problem("days_around", "days-around-out-of-range")
    if not isinstance(ids, list) or not all(isinstance(one, str) and _TAX_ID.fullmatch(one) for one in ids):
        yield Problem("tax_ids", "not-tax-ids")
