"""How often rules speak: recent findings per day with their answers, and the figures of a stored preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, select

from tideng.access.viewer import Viewer
from tideng.store.findings import nudges_since, responses_since
from tideng_rules.lifecycle.rights import require_reading
from tideng_rules.lifecycle.tables import PUBLISHED, RuleDraftRow, RuleVersionRow

_VERSIONS, _DRAFTS = cast(Table, RuleVersionRow.__table__), cast(Table, RuleDraftRow.__table__)
DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a preview over this deployment's own history found: `a_day` messages on average, over `days` days."""

    a_day: float
    days: int


@dataclass(frozen=True, slots=True)
class DayOfRule:
    """One local day of one rule: how many nudges, how many of them were answered, how many of those contested."""

    day: date
    said: int
    answered: int
    disputed: int


def said_since(connection: Connection, viewer: Viewer, since: datetime) -> dict[str, int]:
    """Rule → how many nudges it wrote since then; rules that wrote none are left out. One statement."""
    require_reading(viewer)
    return nudges_since(connection, since)


def days_of(
    connection: Connection, viewer: Viewer, rule: str, until: datetime, days: int, zone: ZoneInfo
) -> list[DayOfRule]:
    """The last days of a rule, the day of `until` in `zone` the last, silent days among them."""
    require_reading(viewer)
    last = until.astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    since = datetime.combine(first, datetime.min.time(), zone)
    found = {first + timedelta(days=n): [0, 0, 0] for n in range(days)}
    for at, response in responses_since(connection, rule, since):
        counted = found.get(at.astimezone(zone).date())
        if counted is not None:
            counted[0] += 1
            counted[1] += response is not None
            counted[2] += response == DISPUTED
    return [DayOfRule(day, *counted) for day, counted in found.items()]


def estimates(connection: Connection, viewer: Viewer, rules: Collection[str]) -> dict[str, Estimate]:
    """Rule → what the latest kept preview of it found; rules that were never tried here are left out. Two statements."""
    require_reading(viewer)
    found: dict[str, Estimate] = {}
    published = select(_VERSIONS.c.rule, _VERSIONS.c.preview).where(
        _VERSIONS.c.rule.in_(rules), _VERSIONS.c.state == PUBLISHED
    )
    tried = select(_DRAFTS.c.rule, _DRAFTS.c.preview).where(_DRAFTS.c.rule.in_(rules)).order_by(_DRAFTS.c.changed_at)
    for statement in (published, tried):
        for rule, preview in connection.execute(statement):
            if preview and (said := _estimate(rule, preview)):
                found[rule] = said
    return found


def _estimate(rule: str, preview: Mapping[str, Any]) -> Estimate | None:
    try:
        period = datetime.fromisoformat(preview["until"]) - datetime.fromisoformat(preview["from"])
    except (KeyError, ValueError):
        return None
    days = max(1, round(period / timedelta(days=1)))
    counts = preview.get("rules", {}).get(rule, {})
    return Estimate((counts.get("new", 0) + counts.get("same", 0)) / days, days)
