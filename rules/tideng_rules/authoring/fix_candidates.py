"""Which fixes to try against a problem: for each kind of problem the changes that may remove it, the likeliest first.

Nothing is worded here: a fix names its kind, and `fix_texts` has the title of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tideng.base.problems import Problem, Sentence
from tideng.model.catalogue import Catalogue, Text
from tideng_rules.authoring import fix_texts
from tideng_rules.authoring.example_maker import an_example
from tideng_rules.authoring.guesses import as_other_types, clock_times, later_than, opposite, without, without_braces
from tideng_rules.authoring.tone_fixes import instead_of_punishing, shortened, softened
from tideng_rules.check.comparisons import OPERATORS_OF
from tideng_rules.check.run import Checked
from tideng_rules.document.paths import look, steps_of

_NUDGE = {"nudge": "person", "message": dict(fix_texts.MESSAGE)}
_BEGINNINGS: Mapping[str, Any] = {
    "kind": "reminder",
    "when": {"every": "workday", "at": "19:00"},
    "then": [_NUDGE],
    "message": dict(fix_texts.MESSAGE),
    "because": dict(fix_texts.MESSAGE),
    "cause": dict(fix_texts.CAUSE),
    "within": "24 hours",
    "wait": "10 minutes",
    "match": "subject",
    "at": "19:00",
    "every": "workday",
    "after": "7 days",
    "window": "this week",
    "expect": [],
}
"""Key → the value with which a missing one begins."""
_ORDERED_FOR_TEXT = {"lt": "is_not", "lte": "is", "gt": "is_not", "gte": "is", "between": "is"}


@dataclass(frozen=True, slots=True)
class Fix:
    """Put `value` at `place` (a path such as ``if.all[1].fact``); None removes what is there.

    `kind` is a key of `fix_texts.TITLES`; `words` are the texts that its title has placeholders for.
    """

    kind: str
    place: str
    value: Any
    words: Mapping[str, Text] = field(default_factory=dict)

    @property
    def title(self) -> Text:
        """What the button says, per language."""
        return fix_texts.title(self.kind, self.words)


# -- candidates ------------------------------------------------------------------------------------------------


class Candidates:
    """The fixes to try for the problems of one document. A method ``on_CODE`` has those for the problems of that code."""

    def __init__(self, document: Mapping[str, Any], found: Checked, catalogue: Catalogue):
        self.document, self.rule, self.catalogue = document, found.rule, catalogue
        self.outcomes = found.outcomes

    def against(self, problem: Problem) -> Iterator[Fix]:
        yield from self._nearest(problem)
        of_code = getattr(self, "on_" + problem.code.replace("-", "_"), None)
        if of_code is not None:
            yield from of_code(problem)

    def _nearest(self, problem: Problem) -> Iterator[Fix]:
        """The name that was probably meant."""
        within = problem.code == "placeholder-wrong"
        name = _meant(problem.params["why"].params if within else problem.params)
        if not name:
            return
        at, old = problem.at, look(self.document, problem.at)
        if within and isinstance(old, str):
            placeholder = problem.params["name"]
            full = _full(name, placeholder)
            yield _change(full, at, old.replace("{" + placeholder + "}", "{" + full + "}"))
        elif problem.code in ("unknown-key", "unknown-operator"):
            yield from self._renamed(at, name)
        elif isinstance(old, str):
            full = _full(name, old)
            yield _change(full, at, full)
            if "/" in old:  # a metric's field: order.won/amuont
                yield _change(name, at, f"{old.partition('/')[0]}/{name}")
        elif isinstance(old, list | tuple) and old:
            wrong = problem.params.get("name")
            yield _change(name, at, [name if one == wrong else one for one in old])

    def _renamed(self, at: str, name: str) -> Iterator[Fix]:
        parent, _, key = at.rpartition(".")
        here = look(self.document, parent)
        if parent and isinstance(here, Mapping) and name not in here:
            yield _change(name, parent, {name if one == key else one: value for one, value in here.items()})

    # what does not belong, or says nothing
    def on_unknown_key(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("remove", problem.at, None)

    def _removed(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("remove", self._alone(_condition_of(problem.at)), None)

    on_always_true = on_dead_branch = on_no_event = on_unknown_fact = on_unknown_metric = _removed
    on_unknown_event_field = on_unknown_fact_field = on_unknown_field_of_any_event = on_unknown_target = _removed
    on_never_inferred = on_inferred_elsewhere = on_of_people = on_no_person = _removed
    on_no_length = on_until_ends_nothing = on_until_always = on_duplicate = _removed
    on_swallowed = _removed

    def on_never_true(self, problem: Problem) -> Iterator[Fix]:
        leaf = look(self.document, problem.at)
        if isinstance(leaf, Mapping) and isinstance(leaf.get("lt"), int | float) and not leaf["lt"]:
            yield _change("≤ 0", problem.at, {"fact": leaf.get("fact"), "lte": leaf["lt"]})
        yield from self._removed(problem)

    on_never_true_branches = on_never_true

    def on_never_true_together(self, problem: Problem) -> Iterator[Fix]:
        yield from self.on_never_true(problem)
        both = look(self.document, "if")
        items = both if isinstance(both, list) else both.get("all") if isinstance(both, Mapping) else None
        if isinstance(items, list) and len(items) > 1:
            yield Fix("any-of-them", "if", {"any": items})

    def on_until_never(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("without-until", "until", None)

    def on_until_at_once(self, problem: Problem) -> Iterator[Fix]:
        leaf = look(self.document, "until")
        turned = opposite(leaf)
        if turned:
            yield Fix("turn-round", "until", turned)
        yield from self.on_until_never(problem)

    def _alone(self, place: str) -> str:
        """An item that is the only one of its group goes with it."""
        while place.endswith("]"):
            around = place[: place.rindex("[")]
            group = look(self.document, around)
            if not isinstance(group, list | tuple) or len(group) > 1:
                return place
            stem, _, last = around.rpartition(".")
            place = stem if last in ("all", "any", "none") and stem else around
        return place

    # types, operators, units
    def on_operator(self, problem: Problem) -> Iterator[Fix]:
        leaf_at, _, op = problem.at.rpartition(".")
        leaf = look(self.document, leaf_at)
        if not isinstance(leaf, Mapping) or op not in leaf:
            return
        fitting = problem.params["names"]
        wanted = [_ORDERED_FOR_TEXT.get(op, ""), "is", "contains", *fitting]
        for other in dict.fromkeys(one for one in wanted if one in fitting):
            value = True if other == "exists" else leaf[op][0] if op == "between" and leaf[op] else leaf[op]
            yield Fix("other-comparison", leaf_at, {**without(leaf, op), other: value})

    def on_type(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        for other in as_other_types(value):
            yield _change(_shown(other), problem.at, other)
        yield from self._removed(problem)

    on_facts_of_other_types = on_type

    def on_function_needs_number(self, problem: Problem) -> Iterator[Fix]:
        yield from self.on_type(problem)
        value, instead = look(self.document, problem.at), problem.params["instead"]
        if problem.at.startswith("metrics.") and instead and isinstance(value, str):
            yield _change(instead, problem.at, f"{value.partition('/')[0]}/{instead}")

    def on_share(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        if isinstance(value, int | float):
            yield _change(f"{value / 100:g}", problem.at, value / 100)

    def on_times(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("without-factor", problem.at, None)

    on_unit = on_share_beside_count = _removed

    # recipients and names
    def on_no_supervisor(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("tell-hr", problem.at, "hr")
        yield Fix("tell-person", problem.at, "person")

    def on_no_owner(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("tell-person", problem.at, "person")
        yield Fix("tell-supervisor", problem.at, "supervisor")

    on_schedule_without_owner = on_no_owner
    on_unknown_role = on_vacant_role = on_no_supervisor

    def on_unknown_channel(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("usual-channel", problem.at, None)

    def on_no_key(self, problem: Problem) -> Iterator[Fix]:
        if problem.params["way_out"].code == "its-keys":
            for key in problem.params["keys"]:
                yield _change(key, problem.at, key)

    def on_not_about_it(self, problem: Problem) -> Iterator[Fix]:
        about = problem.params["about"]
        yield Fix("about-case", "about", about, {"about": {"en": about}})
        yield from self._removed(problem)

    def on_about(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("about-person", "about", "person")

    # texts
    def on_missing_translation(self, problem: Problem) -> Iterator[Fix]:
        locales, text = problem.params["names"], look(self.document, problem.at)
        written = dict(text) if isinstance(text, Mapping) else self._bare(text)
        if not written:
            plain = fix_texts.RULE_TEXTS.get(problem.at)
            if plain:
                more = {one: plain.get(one, plain["en"]) for one in locales}
                yield Fix("ready-words", problem.at, more)
            return
        other = next(iter(written.values()))
        full = {**written, **dict.fromkeys(locales, other)}
        yield Fix("copy-language", problem.at, full)

    @staticmethod
    def _bare(text: Any) -> dict[str, str]:
        if not isinstance(text, str) or not text:
            return {}
        return {"zh" if re.search(r"[\u3400-\u9fff]", text) else "en": text}

    def on_harsh(self, problem: Problem) -> Iterator[Fix]:
        yield from self._reworded(problem, softened)

    on_exclamation_mark = on_emoji = on_dash = on_harsh

    def on_long(self, problem: Problem) -> Iterator[Fix]:
        yield from self._reworded(problem, shortened)

    def on_punishes(self, problem: Problem) -> Iterator[Fix]:
        if re.search(r"\.(zh|en)\w*$|^(title|why)$|\.(message|because|cause)$", problem.at):
            yield from self._reworded(problem, instead_of_punishing)
        else:
            yield _change("to_improve", problem.at, "to_improve")

    def _reworded(self, problem: Problem, how: Callable[[str, str], str]) -> Iterator[Fix]:
        place = problem.at
        text = look(self.document, place)
        locale = place.rpartition(".")[2]
        if text is None:  # the text stands there without a language
            place = place.rpartition(".")[0]
            text = look(self.document, place)
        if isinstance(text, str):
            better = how(text, locale)
            if better and better != text:
                yield _change(better, place, better)

    def on_brace(self, problem: Problem) -> Iterator[Fix]:
        yield from self._reworded(problem, lambda text, _: without_braces(text))

    # steps
    def on_step_order(self, problem: Problem) -> Iterator[Fix]:
        later = look(self.document, "later")
        if self.rule is None or not isinstance(later, list | tuple) or len(later) != len(self.rule.later):
            return
        waits = [one.step.after.elapsed.total_seconds() if one.step.after else 0.0 for one in self.rule.later]
        order = sorted(range(len(later)), key=lambda number: waits[number])
        yield Fix("put-in-order", "later", [later[number] for number in order])

    def on_step_too_late(self, problem: Problem) -> Iterator[Fix]:
        yield _change(_counted(fix_texts.HOURS, 2), problem.at, "2 hours")

    # examples
    def on_no_examples(self, problem: Problem) -> Iterator[Fix]:
        found = [one for speaks in (True, False) if (one := self._made(speaks))]
        if found:
            yield Fix("two-examples" if len(found) > 1 else "one-example", "examples", found)

    def on_examples_silent(self, problem: Problem) -> Iterator[Fix]:
        yield from self._one_more(True)

    def on_examples_never_silent(self, problem: Problem) -> Iterator[Fix]:
        yield from self._one_more(False)

    def _one_more(self, speaks: bool) -> Iterator[Fix]:
        held, one = look(self.document, "examples"), self._made(speaks)
        if one and isinstance(held, list | tuple):
            yield Fix("add-speaking-example" if speaks else "add-silent-example", "examples", [*held, one])

    def _made(self, speaks: bool = True) -> dict[str, Any] | None:
        return an_example(self.rule, self.catalogue, speaks) if self.rule else None

    def on_example_differs(self, problem: Problem) -> Iterator[Fix]:
        number = steps_of(problem.at)[-1]
        got = next((one.got for one in self.outcomes if one.example is self.rule.examples[number]), None)  # type: ignore[union-attr, index]
        if got is not None:
            yield Fix("expect-result", f"{problem.at}.expect", list(got))

    on_example_silent = on_example_not_silent = on_example_differs

    def on_example_reads(self, problem: Problem) -> Iterator[Fix]:
        at, _, name = problem.at.partition(".facts.")
        facts = look(self.document, f"{at}.facts")
        if isinstance(facts, Mapping) and name in facts:
            yield Fix("out-of-example", f"{at}.facts", without(facts, name))

    # the shape of the document
    def on_missing_key(self, problem: Problem) -> Iterator[Fix]:
        key = problem.params["name"]
        if key in _BEGINNINGS and "[" not in problem.at.rpartition("examples")[2]:
            place = f"{problem.at}.{key}" if problem.at else key
            kind = {"when": "begin-with-schedule", "then": "begin-with-nudge"}.get(key, "begin-with-one")
            yield Fix(kind, place, deepcopy(_BEGINNINGS[key]))

    def on_step_before_rule(self, problem: Problem) -> Iterator[Fix]:
        trigger = look(self.document, "when.at")
        for later in later_than(trigger) if isinstance(trigger, str) else ():
            yield _change(later, problem.at, later)

    def on_not_a_time_of_day(self, problem: Problem) -> Iterator[Fix]:
        for clock in clock_times(look(self.document, problem.at)):
            yield _change(clock, problem.at, clock)

    def on_not_a_duration(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        if isinstance(value, int) and not isinstance(value, bool):
            yield _change(_counted(fix_texts.DAYS, value), problem.at, f"{value} days")
        else:
            yield from self._of_other_type(problem)

    on_group_not_alone = on_list_empty = on_schedule_without_day = on_key_without_partner = on_unknown_key
    on_schedule_without_field = on_unknown_key

    def on_nothing_to_do(self, problem: Problem) -> Iterator[Fix]:
        yield Fix("begin-with-nudge", problem.at, deepcopy(_BEGINNINGS["then"]))

    on_no_operator = on_no_fact_named = _removed

    def on_day_missing(self, problem: Problem) -> Iterator[Fix]:
        every_week = look(self.document, "when.every") == "week"
        yield Fix("begin-with-day", problem.at, "monday" if every_week else 1)

    def on_words_needed(self, problem: Problem) -> Iterator[Fix]:
        if not problem.at.endswith((".zh", ".en")):
            yield from self._of_other_type(problem)
            return
        text = look(self.document, problem.at.rpartition(".")[0])
        words = text.values() if isinstance(text, Mapping) else ()
        other = next((one for one in words if isinstance(one, str) and one.strip()), None)
        if other:
            yield Fix("copy-language", problem.at, other)

    def _of_other_type(self, problem: Problem) -> Iterator[Fix]:
        """The same value as another type."""
        for other in as_other_types(look(self.document, problem.at)):
            yield _change(_shown(other), problem.at, other)

    on_literal_needed = on_condition_number_needed = on_operator_needs_text = on_operator_needs_order = _of_other_type
    on_exists_needs_boolean = on_not_possible_here = on_mapping_needed = on_list_needed = _of_other_type
    on_condition_needed = on_priority_out_of_range = on_not_a_day_of_month = on_not_a_step_number = _of_other_type


def _meant(params: Mapping[str, Any]) -> str:
    """The name that a problem with an unknown one takes to be meant; '' where nothing is near."""
    way_out = params.get("near") or params.get("way_out")
    return way_out.params["name"] if isinstance(way_out, Sentence) and way_out.code == "did-you-mean" else ""


def _change(shown: str | Text, place: str, value: Any) -> Fix:
    words = {"en": shown} if isinstance(shown, str) else shown
    return Fix("change", place, value, {"to": words})


def _full(name: str, old: str) -> str:
    """A name as the old one was written: the check looks up ``reports_today``, the document says ``metric.report_today``."""
    family, dot, _ = old.partition(".")
    return (
        f"{family}{dot}{name}"
        if dot and not name.startswith(f"{family}.") and "." not in name.removesuffix(".length")
        else name
    )


def _condition_of(place: str) -> str:
    """The condition in which a fact or an operand stands: ``if.all[0].fact`` → ``if.all[0]``."""
    names = {"fact", "times", *(one for of in OPERATORS_OF.values() for one in of)}
    while place.rpartition(".")[2] in names and place.partition(".")[0] in ("who", "if", "until", "when"):
        place = place.rpartition(".")[0]
    return place


def _shown(value: Any) -> str | Text:
    if isinstance(value, bool):
        return fix_texts.TRUE if value else fix_texts.FALSE
    return str(value)


def _counted(words: Text, count: int) -> Text:
    return {locale: one.format(count=count) for locale, one in words.items()}
