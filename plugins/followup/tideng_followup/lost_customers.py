"""React to a lost customer: close the follow-up, find the step that failed, and ask its owner's supervisor to review it
with them.

Written in the transaction that stores the event, with a fixed number of statements for any number of lost customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tideng.plugin import Directory, Event, known_event_ids
from tideng_followup import improvement_items
from tideng_followup.declarations import (
    LOST,
    NODE_FAILED,
    RECORDED,
    UNCLEAR,
    UNEXPLAINED,
)
from tideng_followup.failed_step import FailedStep, StepVisit, failed_step
from tideng_followup.improvement_items import Occasion
from tideng_processes.cases.loader import load_runs
from tideng_processes.cases.run import OPEN, Run
from tideng_processes.cases.transitions import Answer, Mover
from tideng_processes.customer_keys import customer_key, spelled
from tideng_processes.document.model import Definition
from tideng_processes.document.sentences import said
from tideng_processes.publication.registry import Registry
from tideng_processes.tables import CaseRow, TaskRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

PROCESS = "customer_followup"
SOURCE = "tideng/followup"
CLOSES = "lost"
"""The outcome with which a follow-up ends when the customer is lost."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Loss:
    """A customer who did not buy. `run`: the follow-up. `at`: when it was heard (UTC). `reason`: as far as anybody
    gave one. `said`: the customer's name in the event. Not `sure`: it may be another customer with almost that name."""

    run: Run
    at: datetime
    reason: str
    said: str = ""
    sure: bool = True

    @property
    def customer(self) -> str:
        return _customer(self.run)

    @property
    def name(self) -> str:
        """Equal for the same loss, whoever reports it and however often."""
        return f"loss/{self.run.id}" if self.sure else f"unclear/{self.run.id}"


def hear(
    deployment: Deployment,
    connection: Connection,
    directory: Directory,
    registry: Registry,
    told: Sequence[Event],
    now: datetime,
) -> None:
    """Review the losses in `events`, once for each follow-up."""
    losses = _not_known(connection, losses_of(connection, registry, told)) if told else []
    if not losses:
        return
    mover = Mover(deployment, connection, directory, now)
    mover.events += [_question(loss) for loss in losses if not loss.sure]
    losses = [loss for loss in losses if loss.sure]
    passages = _passages(connection, [loss.run.id for loss in losses]) if losses else {}
    found = [(loss, failed_step(passages.get(loss.run.id, ()), loss.reason, loss.at)) for loss in losses]
    for loss in losses:
        _close(mover, loss)
    locale = deployment.profile.locale
    occasions = [_occasion(loss, failure, locale) for loss, failure in found if failure is not None]
    items = improvement_items.note(mover, connection, registry, occasions, now)
    mover.events += [_event(loss, failure, items.get(loss.name, "")) for loss, failure in found]
    mover.save()


def is_loss(event: Event) -> bool:
    return event.type == LOST or (event.type == RECORDED and event.data.get("accepted") is False)


# -- of which follow-up ------------------------------------------------------------------------------------------------


def losses_of(connection: Connection, registry: Registry, told: Sequence[Event]) -> list[Loss]:
    """Give one loss for each follow-up that was lost, from the first event that says so, and one for each that may
    have been. Customers whom nobody follows up are skipped."""
    known = _FollowupIndex.of(connection, registry, told)
    found: dict[tuple[str, bool], Loss] = {}
    for event in sorted(told, key=lambda one: one.time):
        runs = known.meant(event)
        for run in runs:
            loss = Loss(run, event.time, _reason(run, event), str(event.data.get("customer") or ""), len(runs) == 1)
            found.setdefault((run.id, loss.sure), loss)
    return list(found.values())


@dataclass
class _FollowupIndex:
    """The follow-ups that events may mean: by need, and by the customer's key, oldest first."""

    needs: dict[str, Run] = field(default_factory=dict)
    customers: dict[str | None, list[Run]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, registry: Registry, told: Sequence[Event]) -> _FollowupIndex:
        """Load the follow-ups that are named. A fixed number of statements; each of the three ways to name one has
        an index."""
        needs = {_need(event) for event in told} - {""}
        keys = {_key(event) for event in told} - {None}
        row, found = CaseRow, cls()
        named = row.id.in_(needs) | row.reference.in_(needs) | row.customer_key.in_(keys)
        ids = connection.scalars(select(row.id).where(row.process == PROCESS, named)).all()
        for run in sorted(load_runs(connection, registry, ids), key=lambda one: (one.started_at, one.id)):
            found.needs |= {run.id: run, run.name: run}
            found.customers.setdefault(customer_key(_customer(run)), []).append(run)
        return found

    def meant(self, event: Event) -> list[Run]:
        """Give the follow-up that an event means, that need's or the customer's latest; or several, any of which it
        may mean."""
        if event.type == RECORDED:
            run = self.needs.get(_need(event))
            return [run] if run is not None and run.started_at <= event.time else []
        key = _key(event)
        there = [run for run in self.customers.get(key, ()) if key is not None and run.started_at <= event.time]
        latest = {spelled(_customer(run)): run for run in there}
        if len(latest) > 1 and latest.get(spelled(event.data["customer"])) is not there[-1]:
            return list(latest.values())
        return there[-1:]


def _need(event: Event) -> str:
    return str(event.data.get("need") or "") if event.type == RECORDED else ""


def _key(event: Event) -> str | None:
    return customer_key(event.data.get("customer")) if event.type == LOST else None


def _customer(run: Run) -> str:
    return str(run.data.get(run.definition.customer) or "")


def _reason(run: Run, event: Event) -> str:
    """Give the reason: the sales system's first, then the choice in the form, then free text."""
    return str(event.data.get("reason") or run.data.get("reason") or event.data.get("text") or "")


def _not_known(connection: Connection, losses: Sequence[Loss]) -> list[Loss]:
    """Give the losses that were not reviewed yet. Each review leaves an event, so its id tells."""
    known = known_event_ids(connection, SOURCE, [loss.name for loss in losses])
    return [loss for loss in losses if loss.name not in known]


def _passages(connection: Connection, cases: Sequence[str]) -> dict[str, list[StepVisit]]:
    """Give each owner's part of each step of these cases that was answered or is open."""
    row = TaskRow
    columns = (row.case, row.node, row.part, row.owner, row.entered_at, row.due, row.done_at)
    query = select(*columns).where(row.case.in_(cases), row.state != "gone").order_by(row.id)
    found: dict[str, list[StepVisit]] = {}
    for one in connection.execute(query):
        passage = StepVisit(one.node, one.part, one.owner, one.entered_at, one.due, one.done_at)
        found.setdefault(one.case, []).append(passage)
    return found


# -- what becomes of it ------------------------------------------------------------------------------------------------


def _close(mover: Mover, loss: Loss) -> None:
    """Close a follow-up that is still open."""
    run = loss.run
    outcome = run.step.outcome(CLOSES) if run.node else None
    task = next((one for one in run.tasks if one.state == OPEN), None)
    if outcome is not None and task is not None:
        mover.answer(run, task, Answer(outcome, "", max(loss.at, task.entered_at), heard=RECORDED))


def _occasion(loss: Loss, failure: FailedStep, locale: str) -> Occasion:
    """Collect what is known about the step, for the person who reviews it."""
    definition, passage = loss.run.definition, failure.passage
    node = definition.nodes.get(passage.node)
    known = {
        "step": said(node.title, locale) if node else passage.node,
        "customer": loss.customer,
        "followup": loss.run.id,
        "took": _hours(passage.took(loss.at)),
        "planned": _planned(passage),
        "heard": _in_words(definition, loss.reason, locale),
    }
    return Occasion(loss.name, passage.owner, _filled(known), _also(known, locale))


def _also(known: Mapping[str, Any], locale: str) -> str:
    """The sentence that adds another customer to an open item."""
    zh = f"{known['customer']}也没有成交，这一步用了 {known['took']} 小时。"
    en = f"{known['customer']} did not buy either; this step took {known['took']} hours."
    return said({"zh": zh, "en": en}, locale.split("-")[0])


def _in_words(definition: Definition, reason: str, locale: str) -> str:
    choices = definition.fields["reason"].choices if "reason" in definition.fields else {}
    return said(choices[reason], locale) if reason in choices else reason


# -- what is told ------------------------------------------------------------------------------------------------------


def _event(loss: Loss, failure: FailedStep | None, improvement: str) -> Event:
    """Make the event: ``node.failed`` about the person who had the step, so that rules reach their supervisor;
    ``loss.unexplained`` about the person who followed up, when no step was late."""
    data: dict[str, Any] = {"process": PROCESS, "case": loss.run.id, "customer": loss.customer, "reason": loss.reason}
    if failure is None:
        return Event(loss.name, SOURCE, UNEXPLAINED, loss.at, loss.run.person, _filled(data))
    passage = failure.passage
    node = loss.run.definition.nodes.get(passage.node)
    data |= {
        "node": passage.node,
        "title": node.title.get("zh", "") if node else "",
        "title_en": node.title.get("en", "") if node else "",
        "owner": passage.owner,
        "took": _hours(passage.took(loss.at)),
        "planned": _planned(passage),
        "late": failure.late,
        "improvement": improvement,
    }
    return Event(loss.name, SOURCE, NODE_FAILED, loss.at, passage.owner, _filled(data))


def _question(loss: Loss) -> Event:
    """Make ``loss.unclear`` about the person who follows up: they know whether it is their customer."""
    data: dict[str, Any] = {"process": PROCESS, "case": loss.run.id, "customer": loss.said, "reason": loss.reason}
    data |= {"written": loss.customer, "open": bool(loss.run.node)}
    return Event(loss.name, SOURCE, UNCLEAR, loss.at, loss.run.person, _filled(data))


def _filled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, "")}


def _hours(length: timedelta) -> int:
    """Whole hours, at least one."""
    return max(1, round(length / HOUR))


def _planned(passage: StepVisit) -> int | None:
    return _hours(passage.due - passage.entered_at) if passage.due else None
