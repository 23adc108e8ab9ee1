"""Earlier findings of rules, as far back as their limits look, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, or_, select

from tideng.facts.frequency import longest, looks_back
from tideng.judging.event_queries import among_few
from tideng.judging.questions import Utterance
from tideng.org.groups import home_of
from tideng.store.tables import FindingRow


class SaidBefore(NamedTuple):
    """One step of an earlier finding. `home`: the person or case whose time zone and days count (see `Ask.home`)."""

    rule: str
    subject: str
    period: str
    step: int
    at: datetime
    home: str


def what_was_said(connection: Connection, speaking: Sequence[Utterance]) -> Iterator[SaidBefore]:
    """The earlier findings of these rules about these subjects, of any version, as far back as the limits look."""
    about = {one.watch.rule: one.watch.about for one in speaking}
    first, last = min(one.at for one in speaking), max(one.at for one in speaking)
    table = FindingRow.__table__
    wanted = [among_few(table.c.period, {one.period for one in speaking})]
    back = max(looks_back(one.watch.limit) for one in speaking)
    if back:
        wanted.append(_between(table.c.at, first, last, back))
    furthest = max(longest(one.watch.limit) for one in speaking)
    wanted.append(and_(_of_other_versions(speaking), _between(table.c.at, first, last, furthest)))
    columns = (table.c.rule, table.c.subject, table.c.period, table.c.step, table.c.at)
    subjects = {one.subject for one in speaking}
    where = and_(table.c.rule.in_(about.keys()), among_few(table.c.subject, subjects), or_(*wanted))
    for row in connection.execute(select(*columns).where(where).distinct()):
        yield SaidBefore(*row, home=home_of(about[row.rule], row.subject))


def _between(moment: Any, first: datetime, last: datetime, days: int) -> Any:
    """Within `days` days of the findings to come, and two more, because local days differ from those of UTC."""
    margin = timedelta(days=days + 2)
    return and_(moment >= first - margin, moment <= last + margin)


def _of_other_versions(speaking: Iterable[Utterance]) -> Any:
    """Findings of other versions of the rules, whose limits may have named their periods differently."""
    rules: dict[int, set[str]] = {}
    for one in speaking:
        rules.setdefault(one.watch.version, set()).add(one.watch.rule)
    table = FindingRow.__table__
    return or_(*(and_(table.c.version != version, table.c.rule.in_(names)) for version, names in rules.items()))
