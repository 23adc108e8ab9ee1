"""Run a rule's examples: they are its tests, in the repository, at every check and before every publication."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tideng.model.judge_contract import Deed, OnSchedule, Situation
from tideng_rules.document.actions import describe
from tideng_rules.document.model import Example, LaterStep, Rule
from tideng_rules.engine.rulebook import Book


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one example gave: the actions, as examples name them, in their order."""

    example: Example
    got: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.got == self.example.expect


def run_examples(rule: Rule, book: Book) -> Iterator[Outcome]:
    """Run every example of a rule that is in `book`, one after the other."""
    for example in rule.examples:
        yield Outcome(example, tuple(describe(deed) for deed in run_example(rule, example, book)))


def run_example(rule: Rule, example: Example, book: Book) -> Sequence[Deed]:
    """What the rule does at that moment with those facts: at its trigger, or at the later step that is due then.

    The local time is that of the example's own offset; whether a day is a working day is the calendar's to know, and
    every day counts as one here.
    """
    step = _step_at(rule, example.at) if example.step is None else example.step
    if step:
        question = f"step:{rule.id}"
    elif isinstance(rule.trigger, OnSchedule):
        if not _speaks_at(rule.trigger, example.at):
            return ()
        question = f"rule:{rule.id}"
    else:
        event_type = rule.trigger.event_type
        question = f"rule:{rule.id}" if f"rule:{rule.id}" in book.questions else f"event:{event_type}"
    situation = Situation(question, "example", example.at, example.facts, None, step or 0)
    found = (finding for finding in book.judge([situation]) if finding.rule == rule.id)
    return tuple(deed for finding in found for deed in finding.deeds)


def _speaks_at(trigger: OnSchedule, moment: datetime) -> bool:
    if moment.time() != trigger.at:
        return False
    if trigger.every == "week":
        return moment.weekday() == trigger.on
    if trigger.every == "month":
        return moment.day == min(trigger.on or 1, monthrange(moment.year, moment.month)[1])
    return True


def _step_at(rule: Rule, moment: datetime) -> int:
    """The later step that falls on the example's time of day, 1-based; 0 when none does."""
    for number, later in enumerate(rule.later, start=1):
        if _time_of(rule, later) == moment.time():
            return number
    return 0


def _time_of(rule: Rule, later: LaterStep):
    if later.step.at is not None:
        return later.step.at
    if isinstance(rule.trigger, OnSchedule) and later.step.after is not None:
        after = later.step.after.elapsed
        if after < timedelta(days=1):  # a whole day later is the trigger's own time: say `step`
            return (datetime(2000, 1, 1, rule.trigger.at.hour, rule.trigger.at.minute) + after).time()
    return None
