"""A process as its page shows it, in one language: each step with its owner, deadline, figures and ways out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from tideng.plugin import Directory
from tideng_processes.cases.case_choices import NamedCase, Reference
from tideng_processes.document.diagram import Way, place, ways
from tideng_processes.document.model import Definition, FieldSpec, Node
from tideng_processes.document.sentences import (
    deadline_words,
    owner_words,
    remind_words,
    said,
    span_words,
)
from tideng_processes.document.summaries import value_words
from tideng_processes.measurement.estimates import StepTimes
from tideng_processes.measurement.statistics import NodeFigures, ProcessFigures


@dataclass(frozen=True, slots=True)
class AsksFor:
    """A field of a step's form: its title, and whether it is optional."""

    title: str
    optional: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class StepCard:
    """One step. `clock`: elapsed, working, or '' where the deadline is no length of time; `by_itself`: the outcome taken at the
    deadline, '' where somebody is told instead; `first`: the step to look at first; `leads`: it leads to the next card."""

    id: str
    title: str
    help: str
    owner: str
    deadline: str
    clock: str
    remind: str
    by_itself: str
    joint: bool
    asks: tuple[AsksFor, ...]
    ways: tuple[Way, ...]
    figures: NodeFigures
    first: bool
    leads: bool

    @property
    def percent(self) -> int | None:
        """The share in time, in percent; None while no deadline passed."""
        return None if self.figures.share is None else round(self.figures.share * 100)


@dataclass(frozen=True, slots=True)
class DataLine:
    """A field with its value: in words, or as the rows of a table under its `head`. `case`: the id of the case that it names,
    where the reader may open it."""

    title: str
    words: str
    case: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Within what time a `share` (0 to 1) of the steps was done, in `words`. `percent`: how long that is of the longest one
    shown, its deadline among them; `within`: the deadline is met by so many, None where it is no length of time."""

    share: float
    words: str
    percent: int
    within: bool | None


def spans(of: StepTimes, locale: str) -> list[Span]:
    """How long a step took, the shortest span first; [] where there were too few visits."""
    found = [(share, time) for share, time in ((0.5, of.half), (0.8, of.most), (0.9, of.nearly)) if time is not None]
    longest = max((time for _share, time in found), default=timedelta()) or timedelta(minutes=1)
    scale = max(longest, of.given or longest)
    return [
        Span(
            share,
            said(span_words(time, of.working), locale),
            max(1, round(100 * (time / scale))),
            None if of.given is None else time <= of.given,
        )
        for share, time in found
    ]


def step_cards(definition: Definition, figures: ProcessFigures, locale: str, directory: Directory) -> list[StepCard]:
    """The steps in the order of the document."""
    nodes = list(definition.nodes.values())
    return [
        _card(node, definition, figures, locale, directory, after.id if after else "")
        for node, after in zip(nodes, [*nodes[1:], None], strict=True)
    ]


def good_ends(definition: Definition, figures: ProcessFigures) -> int:
    """How many cases ended with success."""
    return sum(n for end, n in figures.ended.items() if end in definition.ends and definition.ends[end].good)


def data_lines(
    definition: Definition,
    data: Mapping[str, Any],
    locale: str,
    name_of: Callable[[str], str],
    cases: Mapping[Reference, NamedCase] = MappingProxyType({}),
) -> list[DataLine]:
    """The filled fields of a case, in the order of the document, without files. `name_of`: a person's id → their name; `cases`:
    the cases that the data names."""
    fields = [
        one for one in definition.fields.values() if one.type != "files" and data.get(one.name) not in (None, "", [])
    ]
    return [_data_line(one, data, locale, name_of, cases) for one in fields]


def _data_line(
    field: FieldSpec,
    data: Mapping[str, Any],
    locale: str,
    name_of: Callable[[str], str],
    cases: Mapping[Reference, NamedCase],
) -> DataLine:
    value, title = data[field.name], said(field.title, locale, field.name)
    case = cases.get((field.process, str(value))) if field.type == "case" else None
    if case is not None:
        return DataLine(title, said(case.words, locale, case.name), case.id if case.opens else "")
    if field.type != "table" or not isinstance(value, list):
        return DataLine(title, _value(field, value, data, locale, name_of))
    head = tuple(said(one.title, locale, one.name) for one in field.columns)
    rows = tuple(tuple(_value(one, row.get(one.name), row, locale, name_of) for one in field.columns) for row in value)
    return DataLine(title, "", head=head, rows=rows)


def _value(field: FieldSpec, value: Any, data: Mapping[str, Any], locale: str, name_of: Callable[[str], str]) -> str:
    if field.type == "person" and isinstance(value, str):
        return name_of(value)
    return value_words(field, value, data, locale)


def _card(
    node: Node, definition: Definition, figures: ProcessFigures, locale: str, directory: Directory, after: str
) -> StepCard:
    out, deadline = ways(node, definition, locale), node.deadline
    by_itself = node.outcome(node.at_due) if node.at_due else None
    return StepCard(
        id=node.id,
        title=place(node.id, definition, locale),
        help=said(node.help, locale),
        owner=said(owner_words(node, directory, definition.fields), locale),
        deadline=said(deadline_words(deadline, definition.fields), locale),
        clock=_clock(node),
        remind=said(remind_words(node.remind), locale),
        by_itself=said(by_itself.title, locale, by_itself.id) if by_itself else "",
        joint=node.joint,
        asks=tuple(_asks(node, definition, locale)),
        ways=tuple(out),
        figures=figures.nodes.get(node.id, NodeFigures()),
        first=node.id == figures.slowest,
        leads=any(way.to == after and not way.back for way in out),
    )


def _clock(node: Node) -> str:
    within = node.deadline.within if node.deadline else None
    if node.deadline is None or within is None:
        return ""
    return "working" if node.deadline.working or within.unit == "workdays" else "elapsed"


def _asks(node: Node, definition: Definition, locale: str) -> Iterator[AsksFor]:
    for one in node.form:
        field = definition.fields.get(one.field)
        title = said(field.title, locale, one.field) if field else one.field
        yield AsksFor(title, not one.required, bool(field and field.sensitive))
