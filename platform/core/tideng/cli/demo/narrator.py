"""Tells in the terminal what the database shows to have happened, as it happens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tideng.base.text import phrase
from tideng.cli.look import ACTIONS
from tideng.cli.terminal import Terminal
from tideng.model.templates import choose
from tideng.org.directory import Directory, zone
from tideng.runtime.deployment import Deployment
from tideng.store.agenda import cancelled_steps, entries_with
from tideng.store.database import reading
from tideng.store.event_reading import waits_for_judging
from tideng.store.events import Receipt
from tideng.store.findings import findings_after, findings_with, last_finding, withdrawn_ids

NAMES_SHOWN = 4


class Narrator:
    """Looks at the database and says what is new since the last look; what was there at the beginning is not told."""

    def __init__(self, terminal: Terminal, deployment: Deployment):
        self._terminal, self._deployment = terminal, deployment
        self._zone = zone(deployment.profile.timezone)
        with reading(deployment.engine) as connection:
            self._finding = last_finding(connection)
            self._cancelled = cancelled_steps(connection)
            self._withdrawn = withdrawn_ids(connection)
            deployment.plugins.call("refresh", connection=connection)
            found = deployment.plugins.first("directory", connection=connection)
        self._directory = found or Directory()
        self._hour: datetime | None = None

    def time_passed(self, now: datetime) -> None:
        """Say what time it is, every quarter of an hour."""
        local = now.astimezone(self._zone)
        quarter = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0)
        if self._hour is not None and quarter > self._hour:
            self._terminal.say(f"{quarter:%H:%M}")
        self._hour = quarter

    def arrived(self, at: datetime, event: Mapping[str, Any], receipt: Receipt) -> None:
        """Say that an event came in, and when it happened if that was earlier."""
        happened = datetime.fromisoformat(event["time"]).astimezone(self._zone)
        local, name = at.astimezone(self._zone), self._name(event["subject"])
        known = self._deployment.catalogue.event_types.get(event["type"])
        what = choose(known.title, self._terminal.language)[0] if known else event["type"]
        late = (happened - local).total_seconds() < -30
        line = phrase("{clock}  ← {name}: {what}", clock=f"{local:%H:%M:%S}", name=name, what=what)
        if late:
            line = phrase("{line}, written at {clock}, arrives only now", line=line, clock=f"{happened:%H:%M:%S}")
        if receipt.status != "accepted":
            line = phrase("{line} ({status})", line=line, status=STATUSES.get(receipt.status, receipt.status))
        self._terminal.say(line)

    def look(self) -> None:
        """Say what was found, called off and taken back since the last look."""
        with reading(self._deployment.engine) as connection:
            found = findings_after(connection, self._finding)
            cancelled = cancelled_steps(connection) - self._cancelled
            withdrawn = withdrawn_ids(connection) - self._withdrawn
            steps = entries_with(connection, cancelled)
            back = findings_with(connection, withdrawn)
        self._finding = max((row.id for row in found), default=self._finding)
        self._cancelled |= cancelled
        self._withdrawn |= withdrawn
        self._say_found(found)
        for row in steps:
            due, name = row.due.astimezone(self._zone), self._name(row.subject)
            now = row.settled_at.astimezone(self._zone)
            self._terminal.say(
                phrase(
                    "{now}  × {name}: the step of {due} is called off",
                    now=f"{now:%H:%M:%S}",
                    name=name,
                    due=f"{due:%H:%M}",
                )
            )
        for row in back:
            now, said = row.withdrawn_at.astimezone(self._zone), row.at.astimezone(self._zone)
            name, action = self._name(row.subject), ACTIONS.get(row.action, row.action)
            self._terminal.say(
                phrase(
                    "{now}  ↩ {name}: the {action} of {said} is taken back",
                    now=f"{now:%H:%M:%S}",
                    name=name,
                    action=action,
                    said=f"{said:%H:%M}",
                )
            )

    def nothing_waits(self) -> bool:
        """Whether every event that came in has been judged."""
        with reading(self._deployment.engine) as connection:
            return not waits_for_judging(connection)

    def _say_found(self, found: Any) -> None:
        groups: dict[tuple, list[str]] = defaultdict(list)
        for row in found:
            at = row.at.astimezone(self._zone).replace(second=0, microsecond=0)
            groups[at, row.rule, row.version, row.action, row.step].append(self._name(row.subject))
        for (at, rule, version, action, _), names in groups.items():
            watch = self._deployment.plugins.first("watch", rule=rule, version=version)
            title = (choose(watch.title, self._terminal.language)[0] if watch else "") or rule
            shown = [*names[:NAMES_SHOWN], *(("…",) if len(names) > NAMES_SHOWN else ())]
            self._terminal.say(
                phrase(
                    "{clock}     ● {title}: {action} about {n} ({names})",
                    clock=f"{at:%H:%M}",
                    title=title,
                    action=ACTIONS.get(action, action),
                    n=len(names),
                    names=shown,
                )
            )

    def _name(self, person: str) -> str:
        periods = self._directory.periods(person)
        return periods[-1].name if periods else person


STATUSES: Mapping[str, str] = {"duplicate": "已有", "conflict": "内容不同", "refused": "收不下"}
