"""One measured figure, and how figures are shown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
"""name, value, unit, ratio (None: compared with nothing), note."""


def row(name: str, value: float, unit: str, ratio: float | None = None, note: str = "") -> Row:
    return {"name": name, "value": value, "unit": unit, "ratio": ratio, "note": note}


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of each round's own ratio: what slows one round slows both."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| measured | value | unit | ratio | note |", "|---|---:|---|---:|---|"]
    for one in rows:
        ratio = "" if one["ratio"] is None else _shown(one["ratio"])
        lines.append(f"| {one['name']} | {_shown(one['value'])} | {one['unit']} | {ratio} | {one['note']} |")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """One line on what it was measured on."""
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()} · Python {platform.python_version()} · load {load:.1f} at the start"
    )


def _shown(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
