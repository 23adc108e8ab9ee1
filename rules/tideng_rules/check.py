"""The check before publishing: does everything a rule names exist, does it fit, does it speak kindly, do its examples pass?

Errors keep a rule from being published, warnings do not. Everything is said at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tideng.catalogue import Catalogue, EventType, Text
from tideng.errors import Problem
from tideng.judging import Deed, OnAbsence, OnEvent, OnNotAll, OnSchedule, OnWait, Windowed
from tideng.messages import PLACEHOLDER
from tideng.metrics import Metric, metric_of
from tideng.people import Directory
from tideng_rules import comparing
from tideng_rules.book import Book, Published, inferred_by, rounds, trigger_needs
from tideng_rules.collecting import Collector, kind_of, nearest, show
from tideng_rules.conditions import parse_condition
from tideng_rules.examples import run_examples
from tideng_rules.facts_known import Known, KnownFacts
from tideng_rules.model import Condition, FactRef, Leaf, Rule, facts_of, leaves
from tideng_rules.packs import Source
from tideng_rules.wording import problems_of

LOCALES = ("zh", "en")
NUMERIC = ("number", "integer")
DATED = ("date", "time")
_EQUAL = ("is", "is_not", "in", "not_in", "exists")
_ORDER = ("lt", "lte", "gt", "gte", "between")
OPERATORS_OF = {
    "number": (*_EQUAL, *_ORDER),
    "integer": (*_EQUAL, *_ORDER),
    "date": (*_EQUAL, *_ORDER),
    "time": (*_EQUAL, *_ORDER),
    "text": (*_EQUAL, "contains", "not_contains", "starts_with", "matches"),
    "boolean": ("is", "is_not", "exists"),
    "list": ("contains", "not_contains", "exists"),
    "object": ("exists",),
}


def check(
    rules: Iterable[Rule],
    catalogue: Catalogue,
    directory: Directory | None = None,
    locales: Sequence[str] = LOCALES,
) -> list[Problem]:
    """Every problem of every rule, with places such as ``late-report: if.all[0].fact``; [] when all is well.

    `directory` gives the targets of the positions. Rules are looked at together: ids, inferences, shared metric names.
    """
    return check_sources([Source(rule, "") for rule in rules], catalogue, directory, locales)


def check_sources(
    sources: Sequence[Source],
    catalogue: Catalogue,
    directory: Directory | None = None,
    locales: Sequence[str] = LOCALES,
) -> list[Problem]:
    """As `check`; places begin with the file or pack a rule came from."""
    rules = [source.rule for source in sources]
    found = []
    book = Book([Published(rule) for rule in rules], catalogue)
    for source in sources:
        place = f"{source.origin}, {source.rule.id}" if source.origin else source.rule.id
        for problem in _Check(source.rule, rules, catalogue, directory, locales, book).problems():
            found.append(replace(problem, at=f"{place}: {problem.at}" if problem.at else place))
    book.close()
    return found + list(_together(rules))


class _Check:
    """One rule being checked."""

    def __init__(
        self,
        rule: Rule,
        rules: Sequence[Rule],
        catalogue: Catalogue,
        directory: Directory | None,
        locales: Sequence[str],
        book: Book,
    ):
        self.rule, self.rules, self.catalogue, self.locales, self.book = rule, rules, catalogue, locales, book
        self.known = KnownFacts(rule, rules, catalogue, directory)

    def problems(self) -> Iterator[Problem]:
        yield from self.trigger()
        yield from self.heeded()
        rule = self.rule
        yield from self.condition(rule.who, self.known)
        yield from self.condition(rule.if_, self.known)
        yield from self.condition(rule.until, self.known)
        yield from self.metrics()
        yield from self.deeds(rule.then, "then")
        for number, later in enumerate(rule.later):
            yield from self.deeds(later.deeds, f"later[{number}].then")
        if rule.until is not None and not rule.later:
            yield Problem("until", "there is no `later` that it could end", "leave it out", "warning")
        for name in ("title", "why"):
            yield from self.text(getattr(rule, name), name, speaks=False)
        yield from self.examples()

    # -- names -------------------------------------------------------------------------------------------------
    def trigger(self) -> Iterator[Problem]:
        trigger = self.rule.trigger
        if isinstance(trigger, OnEvent):
            yield from self.event_type(trigger.event_type, "when.event")
        elif isinstance(trigger, OnAbsence):
            yield from self.event_type(trigger.event_type, "when.event")
            for name in trigger.without:
                yield from self.event_type(name, "when.without")
            yield from self.matched((trigger.event_type, *trigger.without), trigger.match)
        elif isinstance(trigger, Windowed):
            for name in trigger.event_types:
                yield from self.event_type(name, "when.event" if isinstance(trigger, OnWait) else "when.not_all")
            yield from self.matched(trigger.event_types, trigger.match)
        elif self.rule.about == "case":
            yield Problem(
                "about", "a schedule knows of no cases", "when: {event: …, without: …, within: …, match: case}"
            )

    def matched(self, event_types: Sequence[str], match: str) -> Iterator[Problem]:
        """Whether a field tells these events' matters apart."""
        for name in event_types:
            declared = self.catalogue.event_types.get(name)
            if declared and not _may_match(declared, match):
                keys = self.catalogue.keys_of(name)
                hint = nearest(match, keys) or ("its keys: " + ", ".join(keys) if keys else "it has no key")
                yield Problem("when.match", f"{match!r} does not identify anything in {name}", hint)

    def heeded(self) -> Iterator[Problem]:
        """Whether `where` and `limit.by` name fields of the events they are about."""
        trigger, rule = self.rule.trigger, self.rule
        if isinstance(trigger, OnAbsence | OnWait | OnNotAll) and trigger.where is not None:
            where = parse_condition(rule.document["when"]["where"], "when.where", Collector())
            types = trigger.event_types if isinstance(trigger, OnNotAll) else (trigger.event_type,)
            for name in types:
                yield from self.condition(where, KnownFacts.of_event(name, rule, self.catalogue))
        if rule.limit.by and not isinstance(trigger, OnSchedule):
            _, problem = self.known.look_up(f"event.{rule.limit.by}")
            if problem:
                yield replace(problem, at="limit.by")

    def event_type(self, name: str, at: str) -> Iterator[Problem]:
        if name not in self.catalogue.event_types:
            yield Problem(at, f"unknown event type {name!r}", nearest(name, self.catalogue.event_types))

    def condition(self, condition: Condition | None, known: KnownFacts) -> Iterator[Problem]:
        for leaf in leaves(condition):
            fact, problem = known.look_up(leaf.fact)
            if problem:
                yield replace(problem, at=f"{leaf.place}.fact")
            if isinstance(leaf.operand, FactRef):
                other, problem = known.look_up(leaf.operand.fact)
                if problem:
                    yield replace(problem, at=f"{leaf.place}.{leaf.op}.fact")
                if fact and other:
                    yield from _fits_fact(leaf, fact, other)
            elif fact:
                yield from _fits(leaf, fact)

    def metrics(self) -> Iterator[Problem]:
        for name, metric in self.rule.metrics.items():
            at, series = f"metrics.{name}", metric.series
            yield from self.event_type(series.event_type, f"{at}.{metric.function}")
            declared = self.catalogue.event_types.get(series.event_type)
            if declared and series.field:
                yield from _field(declared, metric, f"{at}.{metric.function}")
            if declared and series.where is not None:
                where = _where_of(self.rule, name)
                yield from self.condition(where, KnownFacts.of_event(series.event_type, self.rule, self.catalogue))
            standard = self.catalogue.metrics.get(name)
            if standard and not _same_metric(metric_of(standard), metric):
                yield Problem(at, "a standard metric has this name and means something else", "choose another name")

    # -- what is said ------------------------------------------------------------------------------------------
    def deeds(self, deeds: Sequence[Deed], at: str) -> Iterator[Problem]:
        for number, deed in enumerate(deeds):
            place = f"{at}[{number}]"
            yield from self.text(deed.message, f"{place}.message") if deed.message else ()
            for name in ("because", "cause"):
                if deed.data.get(name):
                    yield from self.text(deed.data[name], f"{place}.{name}")
            yield from self.deed(deed, place)

    def deed(self, deed: Deed, at: str) -> Iterator[Problem]:
        if deed.action == "ask":
            yield from self.asked(str(deed.data["field"]), f"{at}.ask")
        elif deed.action == "emit":
            yield from self.event_type(str(deed.data["type"]), f"{at}.emit")
        elif deed.action == "nudge" and "channel" in deed.data:
            channels = self.catalogue.channels
            if deed.data["channel"] not in channels:
                hint = nearest(deed.data["channel"], channels) or "known: " + ", ".join(channels)
                yield Problem(f"{at}.channel", f"unknown channel {deed.data['channel']!r}", hint)
        elif deed.action == "plan":
            for number, step in enumerate(deed.data["steps"]):
                if "review" in step and step["review"] not in self.known.metric_names:
                    hint = nearest(step["review"], self.known.metric_names)
                    yield Problem(f"{at}.plan[{number}].review", f"unknown metric {step['review']!r}", hint)

    def asked(self, field: str, at: str) -> Iterator[Problem]:
        if not isinstance(self.rule.trigger, OnEvent):
            yield Problem(at, "`ask` answers a form, so the rule must be triggered by its event", "when: {event: TYPE}")
            return
        declared = self.catalogue.event_types.get(self.rule.trigger.event_type)
        if declared and not declared.open and declared.field(field) is None:
            hint = nearest(field, (one.name for one in declared.fields))
            yield Problem(at, f"{declared.name} has no field {field!r}", hint)

    def text(self, text: Text, at: str, speaks: bool = True) -> Iterator[Problem]:
        missing = [locale for locale in self.locales if not text.get(locale)]
        if missing:
            yield Problem(at, f"missing in {', '.join(missing)}", "every language the client speaks", "warning")
        for locale, wording in text.items():
            if speaks:
                yield from self.placeholders(wording, f"{at}.{locale}")
            for problem in problems_of(wording, locale, f"{at}.{locale}"):
                if speaks or problem.severity == "error":
                    yield problem

    def placeholders(self, wording: str, at: str) -> Iterator[Problem]:
        for name in PLACEHOLDER.findall(wording):
            _, problem = self.known.look_up(name)
            if problem and problem.severity == "error":
                yield replace(problem, at=at, problem=f"placeholder {{{name}}}: {problem.problem}")
        rest = PLACEHOLDER.sub("", wording)
        if "{" in rest or "}" in rest:
            yield Problem(at, "a brace that is no placeholder", "{person.name}, {metric.visits_this_week}")

    def examples(self) -> Iterator[Problem]:
        if not self.rule.examples:
            yield Problem(
                "examples", "there are none", "two at least: one that speaks, one that stays silent", "warning"
            )
        watch = self.book.watch(self.rule.id, 1)
        read = trigger_needs(self.rule) | facts_of(self.rule.until) | (watch.needs if watch else frozenset())
        for number, example in enumerate(self.rule.examples):
            for fact in example.facts:
                if fact not in read:
                    yield Problem(
                        f"examples[{number}].facts.{fact}",
                        "the rule does not read this fact",
                        nearest(fact, read),
                        "warning",
                    )
        if self.rule.id in self.book.quarantined:
            yield Problem("", f"cannot be compiled: {self.book.quarantined[self.rule.id]}")
            return
        for number, outcome in enumerate(run_examples(self.rule, self.book)):
            if not outcome.passed:
                expected, got = (", ".join(names) or "nothing" for names in (outcome.example.expect, outcome.got))
                yield Problem(f"examples[{number}]", f"{outcome.example.name!r} expects {expected}, and gets {got}")


def _may_match(declared: EventType, field: str) -> bool:
    found = declared.field(field)
    if found is None:
        return declared.open or field in ("subject", "case")  # every event has a subject, and a case of its own
    return found.key


def _fits(leaf: Leaf, fact: Known) -> Iterator[Problem]:
    """Whether the operator and the literal suit the fact's type."""
    if not fact.type:
        return
    if leaf.op not in OPERATORS_OF[fact.type]:
        hint = "one of " + ", ".join(OPERATORS_OF[fact.type])
        yield Problem(
            f"{leaf.place}.{leaf.op}", f"{leaf.fact} is {_a(fact.type)}, which `{leaf.op}` cannot compare", hint
        )
        return
    if leaf.op == "exists" or fact.type == "list":
        return
    for operand in leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,):
        if not _is_a(fact.type, operand):
            number = _as_number(operand) if fact.type in NUMERIC else ""
            hint = f"write {number} without quotes" if number else ""
            problem = f"{leaf.fact} is {_a(fact.type)}, and {show(operand)} is {kind_of(operand)}"
            yield Problem(f"{leaf.place}.{leaf.op}", problem, hint)


def _fits_fact(leaf: Leaf, fact: Known, other: Known) -> Iterator[Problem]:
    at = f"{leaf.place}.{leaf.op}"
    if fact.type and leaf.op not in OPERATORS_OF[fact.type]:
        yield from _fits(leaf, fact)
    elif fact.type and other.type and _family(fact.type) != _family(other.type) and fact.type != "list":
        yield Problem(at, f"{leaf.fact} is {_a(fact.type)}, {leaf.operand.fact} is {_a(other.type)}")
    elif other.type and leaf.operand.times != 1 and other.type not in NUMERIC:
        yield Problem(f"{at}.times", f"{leaf.operand.fact} is {_a(other.type)}, which cannot be multiplied")
    elif fact.unit and other.unit and fact.unit != other.unit:
        yield Problem(at, f"{leaf.fact} is in {fact.unit}, {leaf.operand.fact} in {other.unit}")


def _is_a(type_: str, operand: object) -> bool:
    if type_ in NUMERIC:
        return isinstance(operand, int | float) and not isinstance(operand, bool)
    if type_ == "boolean":
        return isinstance(operand, bool)
    return comparing.is_iso(operand) if type_ in DATED else isinstance(operand, str)


def _as_number(operand: object) -> str:
    try:
        return f"{float(operand):g}" if isinstance(operand, str) else ""
    except ValueError:
        return ""


def _family(type_: str) -> str:
    return "number" if type_ in NUMERIC else "date" if type_ in DATED else type_


def _a(type_: str) -> str:
    names = {"integer": "a whole number", "boolean": "true/false", "object": "an object", "time": "a moment"}
    return names.get(type_, f"a {type_}")


def _field(declared: EventType, metric: Metric, at: str) -> Iterator[Problem]:
    name, _, tail = metric.series.field.partition(".")
    field = declared.field(name)
    if field is None:
        if not declared.open:
            yield Problem(
                at, f"{declared.name} has no field {name!r}", nearest(name, (f.name for f in declared.fields))
            )
        return
    numeric = field.type in NUMERIC if not tail else field.type in ("text", "list")
    if tail and not numeric:
        yield Problem(at, f"{name!r} is {_a(field.type)}, which has no length")
    elif not numeric and metric.function not in ("count", "last", "distinct"):
        hint = f"{name}.length" if field.type in ("text", "list") else ""
        yield Problem(at, f"`{metric.function}` needs a number, and {name!r} is {_a(field.type)}", hint)


def _where_of(rule: Rule, name: str) -> Condition:
    return parse_condition(rule.document["metrics"][name]["where"], f"metrics.{name}.where", Collector())


def _same_metric(one: Metric, other: Metric) -> bool:
    return (one.function, one.series.key, one.window) == (other.function, other.series.key, other.window)


def _together(rules: Sequence[Rule]) -> Iterator[Problem]:
    """What is wrong between rules: the same id twice; and between those that infer for each other, inferences in a circle
    and one metric name with two meanings."""
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            yield Problem(rule.id, "this id is there twice", "an id is one rule's own")
        seen.add(rule.id)
    groups: Mapping[object, list[Rule]] = {}
    for rule in rules:
        trigger = rule.trigger if isinstance(rule.trigger, OnSchedule) else repr(rule.trigger)
        groups.setdefault((trigger, rule.about), []).append(rule)  # type: ignore[attr-defined]
    for group in groups.values():
        if any(inferred_by(rule) for rule in group):
            yield from _two_meanings(group)
            last = rounds(group)[-1]
            if any(
                inferred_by(one) & facts_of(other.if_) | inferred_by(one) & facts_of(other.who)
                for one in last
                for other in last
            ):
                names = ", ".join(sorted(rule.id for rule in last))
                yield Problem(names, "each waits for what another infers, in a circle")


def _two_meanings(rules: Sequence[Rule]) -> Iterator[Problem]:
    """A metric's name is a rule's own, except where rules are judged together to read what others infer."""
    named: dict[str, tuple[str, Metric]] = {}
    for rule in rules:
        for name, metric in rule.metrics.items():
            first, meaning = named.setdefault(name, (rule.id, metric))
            if not _same_metric(meaning, metric):
                problem = f"{first} has a metric of this name that means something else"
                yield Problem(f"{rule.id}: metrics.{name}", problem, "choose another name")
