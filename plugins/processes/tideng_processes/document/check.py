"""Checks that the parts of a process fit together, and fit the deployment; reports every problem at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches

from tideng.plugin import Catalogue, Directory, Problem, Sentence
from tideng_processes.document.conditions import fields_of
from tideng_processes.document.model import (
    Definition,
    Emit,
    Node,
    OwnerChoice,
)
from tideng_processes.document.summaries import summary_fields

FIXED_DATA = frozenset({"case", "subject", "time"})
"""What an emit may give beside the fields of the event type. `subject`: the person of the event, where that is not the person of
the case; `time`: when it happened, where that is not now."""


def check_process(
    definition: Definition,
    catalogue: Catalogue | None = None,
    directory: Directory | None = None,
    processes: Collection[str] | None = None,
) -> list[Problem]:
    """Every problem of a process. `catalogue` knows the event types, `directory` the positions and roles, `processes` the ids of
    the other processes; each check is left out where its source is None. A name that may come to exist later (a role that nobody
    holds yet) is a warning, any other unknown name an error."""
    found = [*_names(definition), *_ways(definition)]
    if processes is not None:
        found += _cases(definition, {*processes, definition.id})
    if catalogue is not None:
        found += _events(definition, catalogue)
    if directory is not None and len(directory):
        found += _owners(definition, directory)
    return found


def _unknown(at: str, kind: str, name: str, known: Iterable[str]) -> Problem:
    """`kind`: what it would be, as the catalogue of problems names it."""
    return Problem(at, "unknown-part", {"kind": kind, "name": name, "way_out": _way_out(name, known)})


def _unknown_field_of(at: str, whole: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(at, "unknown-field-of", {"whole": whole, "name": name, "way_out": _way_out(name, known)})


def _way_out(name: str, known: Iterable[str]) -> Sentence:
    near = get_close_matches(name, known := list(known), n=1)
    return Sentence("suggestion", {"name": near[0]}) if near else Sentence("known-names", {"names": known})


def _names(it: Definition) -> Iterator[Problem]:
    """Check that every field, step and end that is named exists."""
    places = {*it.nodes, *it.ends}
    for name in it.nodes.keys() & it.ends.keys():
        yield Problem(f"ends.{name}", "end-named-like-step")
    yield from _summary(it)
    if it.customer and it.customer not in it.fields:
        yield _unknown("customer", "field", it.customer, it.fields)
    for one in it.fields.values():
        for at, other, type_ in (("not_before", one.not_before, "date"), ("currency", one.currency, "currency")):
            if other and (other not in it.fields or it.fields[other].type != type_):
                yield _unknown(f"fields.{one.name}.{at}", f"{type_}-field", other, [f.name for f in it.fields.values() if f.type == type_])  # fmt: skip
    for node in it.nodes.values():
        at = f"nodes.{node.id}"
        for asks in node.form:
            if asks.field not in it.fields:
                yield _unknown(f"{at}.form", "field", asks.field, it.fields)
        if node.deadline and node.deadline.on and getattr(it.fields.get(node.deadline.on), "type", "") != "date":
            yield _unknown(f"{at}.deadline.on", "date-field", node.deadline.on, [f.name for f in it.fields.values() if f.type == "date"])  # fmt: skip
        for part in node.parts:
            for choice in part.owners:
                yield from _named(it, f"{at}.owner", fields_of(choice.when))
                if choice.kind == "field" and getattr(it.fields.get(choice.name), "type", "") != "person":
                    yield _unknown(f"{at}.owner", "person-field", choice.name, [f.name for f in it.fields.values() if f.type == "person"])  # fmt: skip
        for outcome in node.outcomes:
            for route in outcome.routes:
                if route.to not in places:
                    yield _unknown(f"{at}.outcomes.{outcome.id}.to", "step-or-end", route.to, sorted(places))
                yield from _named(it, f"{at}.outcomes.{outcome.id}.to", fields_of(route.when))


def _summary(it: Definition) -> Iterator[Problem]:
    """Check that the summary names fields that exist and are not sensitive: lists are seen by many."""
    for said in summary_fields(it.summary):
        spec = it.fields.get(said.field)
        if spec is None:
            yield _unknown("summary", "field", said.field, it.fields)
        elif said.column and said.column not in [one.name for one in spec.columns]:
            yield _unknown_field_of("summary", said.field, said.column, [one.name for one in spec.columns])
        elif spec.sensitive:
            yield Problem("summary", "summary-shows-hidden", {"field": said.field})


def _named(it: Definition, at: str, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if name not in it.fields:
            yield _unknown(at, "field", name, it.fields)


def _ways(it: Definition) -> Iterator[Problem]:
    """Check that every step is reached from the first one, and that every step reaches an end."""
    leads = {node.id: {route.to for one in node.outcomes for route in one.routes} for node in it.nodes.values()}
    reached = _from(it.first.id, leads)
    for name in it.nodes:
        if name not in reached:
            yield Problem(f"nodes.{name}", "step-unreachable", {"name": name})
        elif not _from(name, leads) & it.ends.keys():
            yield Problem(f"nodes.{name}", "end-unreachable", {"name": next(iter(it.ends), "END")})
    for name in it.ends:
        if name not in reached:
            yield Problem(f"ends.{name}", "end-without-way", {"name": name}, "warning")


def _from(start: str, leads: dict[str, set[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        fresh = leads.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _events(it: Definition, catalogue: Catalogue) -> Iterator[Problem]:
    for node in it.nodes.values():
        for outcome in node.outcomes:
            at = f"nodes.{node.id}.outcomes.{outcome.id}"
            if outcome.on and outcome.on not in catalogue.event_types:
                yield _unknown(f"{at}.on", "event-type", outcome.on, catalogue.event_types)
            for emit in outcome.emit:
                yield from _emitted(it, node, emit, f"{at}.emit", catalogue)
    if it.start.event and it.start.event not in catalogue.event_types:
        yield _unknown("start.event", "event-type", it.start.event, catalogue.event_types)


def _emitted(it: Definition, node: Node, emit: Emit, at: str, catalogue: Catalogue) -> Iterator[Problem]:
    kind = catalogue.event_types.get(emit.type)
    if kind is None:
        yield _unknown(at, "event-type", emit.type, catalogue.event_types)
        return
    names = [one.name for one in kind.fields]
    for name in emit.data:
        if not kind.open and name not in names and name not in FIXED_DATA:
            yield _unknown_field_of(f"{at}.data.{name}", emit.type, name, names)
    for name, said in emit.data.items():
        if isinstance(said, Mapping):
            papers = said.get("papers")
            asked = papers if isinstance(papers, list) else () if "note" in said else said.values()
            yield from _named(it, f"{at}.data.{name}", map(str, asked))
    given = {*emit.data, it.key, *it.fields}
    for one in kind.fields:
        if one.required and one.name not in given:
            yield Problem(at, "event-field-ungiven", {"type": emit.type, "field": one.name, "name": one.name})


def _cases(it: Definition, known: Collection[str]) -> Iterator[Problem]:
    """Check the processes of case fields. A missing one is a warning where the field is optional: forms then leave the field out."""
    needed = {asks.field for node in it.nodes.values() for asks in node.form if asks.required}
    for one in it.fields.values():
        if one.type == "case" and one.process not in known:
            near = get_close_matches(one.process, list(known), n=1)
            way_out = Sentence("plugin-may-be-off", {"names": sorted(known)})
            if near:
                way_out = Sentence("suggestion", {"name": near[0]})
            severity = "error" if one.name in needed else "warning"
            yield Problem(
                f"fields.{one.name}.process", "unknown-process", {"name": one.process, "way_out": way_out}, severity
            )


def _owners(it: Definition, directory: Directory) -> Iterator[Problem]:
    for node in it.nodes.values():
        for part in node.parts:
            for choice in part.owners:
                yield from _held(choice, f"nodes.{node.id}.owner", directory)


def _held(choice: OwnerChoice, at: str, directory: Directory) -> Iterator[Problem]:
    if choice.kind == "position" and choice.name not in directory.positions:
        yield _unknown(at, "position", choice.name, directory.positions)
    if choice.kind == "role" and choice.name not in directory.roles:
        yield Problem(at, "role-vacant", {"name": choice.name}, "warning")
