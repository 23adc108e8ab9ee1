"""Ways to mend what the check finds wrong, each one press of a button: a value to put at a place of the document.

A fix is offered only when the document was checked with it and that very problem was gone, with no new error in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tideng.base.errors import Problem
from tideng.model.catalogue import Catalogue, Text
from tideng_rules.authoring.example_maker import an_example
from tideng_rules.authoring.tone_fixes import instead_of_punishing, shortened, softened
from tideng_rules.check.comparisons import OPERATORS_OF
from tideng_rules.check.run import Checked
from tideng_rules.document.paths import look, put, steps_of

MOST_TRIED = 10
"""Candidates tried for one document: somebody is typing."""
_NEAR = re.compile(r"did you mean '(?P<name>.+)'\?")
_MISSING = re.compile(r"missing in (?P<locales>.+)")
_PLACEHOLDER = re.compile(r"placeholder \{(?P<name>[^}]+)\}")
_OPPOSITE = {
    "is": "is_not", "is_not": "is", "lt": "gte", "gte": "lt", "lte": "gt", "gt": "lte", "in": "not_in", "not_in": "in",
    "contains": "not_contains", "not_contains": "contains",
}  # fmt: skip
_ORDERED_FOR_TEXT = {"lt": "is_not", "lte": "is", "gt": "is_not", "gte": "is", "between": "is"}
_PLAIN_TEXTS: Mapping[str, Text] = {
    "title": {"zh": "新规则", "en": "A new rule"},
    "why": {"zh": "早一点知道，就能早一点帮上忙", "en": "Knowing sooner lets someone help sooner"},
}
_MESSAGE = {"zh": "{person.name}，有一件事还没好。有难处就回一声。", "en": "{person.name}, something is still open. Reply if something is in the way."}  # fmt: skip
_READY_TITLES: Mapping[str, Text] = {
    "when": {"zh": "先用每个工作日 19:00", "en": "Begin with every workday at 19:00"},
    "then": {"zh": "先写一句提醒", "en": "Begin with a nudge"},
}
_REMOVE: Text = {"zh": "去掉这一条", "en": "Take it out"}


@dataclass(frozen=True, slots=True)
class Fix:
    """`value` goes to `place` (a path such as ``if.all[1].fact``); None takes away what is there."""

    title: Text
    place: str
    value: Any


Check = Callable[[Mapping[str, Any]], Iterable[Problem]]


def mended(document: Mapping[str, Any], found: Checked, catalogue: Catalogue, check: Check) -> list[tuple[Fix, ...]]:
    """For each problem found the fixes that make it go away, the likeliest first. `check` gives the problems of a changed
    document; it is asked at most `MOST_TRIED` times."""
    offered: list[tuple[Fix, ...]] = []
    mender, tried = _Mender(document, found, catalogue), _Tried(document, check)
    for problem in found.problems:
        good: list[Fix] = []
        for fix in mender.candidates(problem):
            if len(good) == 2 or len(tried) >= MOST_TRIED:
                break
            if _gone(fix, problem, found.problems, tried.after(fix)):
                good.append(fix)
        offered.append(tuple(good))
    return offered


class _Tried:
    """What is wrong with each change, checked once: two problems may have one way out."""

    def __init__(self, document: Mapping[str, Any], check: Check):
        self._document, self._check = document, check
        self._after: dict[str, Sequence[Problem] | None] = {}

    def __len__(self) -> int:
        return len(self._after)

    def after(self, fix: Fix) -> Sequence[Problem] | None:
        key = f"{fix.place} {fix.value!r}"
        if key not in self._after:
            self._after[key] = _after(self._document, fix, self._check)
        return self._after[key]


def helps(document: Mapping[str, Any], fix: Fix, problem: Problem, before: Sequence[Problem], check: Check) -> bool:
    """Whether the problem is gone with the fix, and nothing new is wrong at its place."""
    return _gone(fix, problem, before, _after(document, fix, check))


def _after(document: Mapping[str, Any], fix: Fix, check: Check) -> Sequence[Problem] | None:
    """What is wrong with the changed document; None where the change cannot be made."""
    try:
        return list(check(put(document, fix.place, fix.value)))
    except (KeyError, IndexError, TypeError):
        return None


def _gone(fix: Fix, problem: Problem, before: Sequence[Problem], after: Sequence[Problem] | None) -> bool:
    if after is None:
        return False
    same = [one for one in after if (one.code, one.at) == (problem.code, problem.at)]
    if problem.code == "missing-key":  # all that is missing stands at one place; each is a problem of its own
        same = [one for one in same if one.problem == problem.problem]
    if same and (fix.value is not None or len(after) >= len(before)):
        return False
    known = {(one.code, one.at, one.problem) for one in before}
    return not any(
        one.severity == "error" and one.at.startswith(fix.place) and (one.code, one.at, one.problem) not in known
        for one in after
    )


# -- candidates ------------------------------------------------------------------------------------------------


class _Mender:
    """Thinks of what may help against each kind of problem in one document."""

    def __init__(self, document: Mapping[str, Any], found: Checked, catalogue: Catalogue):
        self.document, self.rule, self.catalogue = document, found.rule, catalogue
        self.outcomes = found.outcomes

    def candidates(self, problem: Problem) -> Iterator[Fix]:
        yield from self._nearest(problem)
        of_code = getattr(self, "on_" + problem.code.replace("-", "_"), None)
        if of_code is not None:
            yield from of_code(problem)

    def _nearest(self, problem: Problem) -> Iterator[Fix]:
        """The name that was probably meant."""
        found = _NEAR.search(problem.hint)
        if not found:
            return
        name, at, old = found["name"], problem.at, look(self.document, problem.at)
        placeholder = _PLACEHOLDER.match(problem.problem)
        if placeholder and isinstance(old, str):
            full = _full(name, placeholder["name"])
            yield _change(full, at, old.replace("{" + placeholder["name"] + "}", "{" + full + "}"))
        elif problem.code == "unknown-key" or problem.problem.startswith("unknown operator"):
            yield from self._renamed(at, name)
        elif isinstance(old, str):
            full = _full(name, old)
            yield _change(full, at, full)
            if "/" in old:  # a metric's field: order.won/amuont
                yield _change(name, at, f"{old.partition('/')[0]}/{name}")
        elif isinstance(old, list | tuple) and old:
            quoted = re.search(r"'([^']+)'", problem.problem)
            yield _change(name, at, [name if quoted and one == quoted[1] else one for one in old])

    def _renamed(self, at: str, name: str) -> Iterator[Fix]:
        parent, _, key = at.rpartition(".")
        here = look(self.document, parent)
        if parent and isinstance(here, Mapping) and name not in here:
            yield _change(name, parent, {name if one == key else one: value for one, value in here.items()})

    # what does not belong, or says nothing
    def on_unknown_key(self, problem: Problem) -> Iterator[Fix]:
        yield Fix(_REMOVE, problem.at, None)

    def _removed(self, problem: Problem) -> Iterator[Fix]:
        yield Fix(_REMOVE, self._alone(_condition_of(problem.at)), None)

    on_always_true = on_dead_branch = on_no_event = on_unknown_fact = on_unknown_field = on_unknown_metric = _removed
    on_unknown_target = on_never_inferred = on_inferred_elsewhere = on_of_people = on_no_person = on_no_length = (
        _removed
    )
    on_until_ends_nothing = on_until_always = on_duplicate = on_swallowed = _removed

    def on_never_true(self, problem: Problem) -> Iterator[Fix]:
        leaf = look(self.document, problem.at)
        if isinstance(leaf, Mapping) and isinstance(leaf.get("lt"), int | float) and not leaf["lt"]:
            yield _change("≤ 0", problem.at, {"fact": leaf.get("fact"), "lte": leaf["lt"]})
        yield from self._removed(problem)
        both = look(self.document, "if")
        items = both if isinstance(both, list) else both.get("all") if isinstance(both, Mapping) else None
        if "together" in problem.problem and isinstance(items, list) and len(items) > 1:
            yield Fix({"zh": "改成“满足一个就行”", "en": "Let any of them do"}, "if", {"any": items})

    def on_until_never(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "去掉“直到”", "en": "Leave “until” out"}, "until", None)

    def on_until_at_once(self, problem: Problem) -> Iterator[Fix]:
        leaf = look(self.document, "until")
        turned = _turned(leaf)
        if turned:
            yield Fix({"zh": "把比较反过来", "en": "Turn the comparison round"}, "until", turned)
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
        fitting = problem.hint.removeprefix("one of ").split(", ")
        wanted = [_ORDERED_FOR_TEXT.get(op, ""), "is", "contains", *fitting]
        for other in dict.fromkeys(one for one in wanted if one in fitting):
            value = True if other == "exists" else leaf[op][0] if op == "between" and leaf[op] else leaf[op]
            yield Fix(
                {"zh": "换一个合适的比较", "en": "Another comparison"}, leaf_at, {**_without(leaf, op), other: value}
            )

    def on_type(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        for other in _as_other_types(value):
            yield _change(_shown(other), problem.at, other)
        yield from self._removed(problem)
        if problem.at.startswith("metrics.") and problem.hint and isinstance(value, str):
            yield _change(problem.hint, problem.at, f"{value.partition('/')[0]}/{problem.hint}")

    def on_share(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        if isinstance(value, int | float):
            yield _change(f"{value / 100:g}", problem.at, value / 100)

    def on_times(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "不用倍数", "en": "Without a factor"}, problem.at, None)

    on_unit = _removed

    # recipients and names
    def on_no_supervisor(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "改为告诉人事", "en": "Tell HR"}, problem.at, "hr")
        yield Fix({"zh": "改为告诉本人", "en": "Tell the person"}, problem.at, "person")

    def on_no_owner(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "改为告诉本人", "en": "Tell the person"}, problem.at, "person")
        yield Fix({"zh": "改为告诉主管", "en": "Tell the supervisor"}, problem.at, "supervisor")

    on_unknown_role = on_vacant_role = on_no_supervisor

    def on_unknown_channel(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "走平时的渠道", "en": "The usual channel"}, problem.at, None)

    def on_no_key(self, problem: Problem) -> Iterator[Fix]:
        for key in problem.hint.removeprefix("its keys: ").split(", ") if "its keys" in problem.hint else ():
            yield _change(key, problem.at, key)

    def on_not_about_a_case(self, problem: Problem) -> Iterator[Fix]:
        about = problem.hint.removeprefix("about: ")
        yield Fix({"zh": "让规则说这件事", "en": f"Let the rule be about a {about}"}, "about", about)
        yield from self._removed(problem)

    on_not_about_it = on_not_about_a_case

    def on_about(self, problem: Problem) -> Iterator[Fix]:
        yield Fix({"zh": "让规则说人", "en": "Let the rule be about a person"}, "about", "person")

    # texts
    def on_missing_translation(self, problem: Problem) -> Iterator[Fix]:
        found, text = _MISSING.fullmatch(problem.problem), look(self.document, problem.at)
        if not found:
            return
        written = dict(text) if isinstance(text, Mapping) else self._bare(text)
        if not written:
            plain = _PLAIN_TEXTS.get(problem.at)
            if plain:
                more = {one: plain.get(one, plain["en"]) for one in found["locales"].split(", ")}
                yield Fix({"zh": "先用一句现成的", "en": "Begin with ready words"}, problem.at, more)
            return
        other = next(iter(written.values()))
        full = {**written, **dict.fromkeys(found["locales"].split(", "), other)}
        yield Fix({"zh": "先抄另一种语言", "en": "Begin with the other language"}, problem.at, full)

    @staticmethod
    def _bare(text: Any) -> dict[str, str]:
        if not isinstance(text, str) or not text:
            return {}
        return {"zh" if re.search(r"[\u3400-\u9fff]", text) else "en": text}

    def on_harsh(self, problem: Problem) -> Iterator[Fix]:
        yield from self._reworded(problem, softened)

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
        yield from self._reworded(problem, lambda text, _: _without_braces(text))

    # steps
    def on_step_order(self, problem: Problem) -> Iterator[Fix]:
        later = look(self.document, "later")
        if self.rule is None or not isinstance(later, list | tuple) or len(later) != len(self.rule.later):
            return
        waits = [one.step.after.elapsed.total_seconds() if one.step.after else 0.0 for one in self.rule.later]
        order = sorted(range(len(later)), key=lambda number: waits[number])
        yield Fix({"zh": "按先后排好", "en": "Put them in order"}, "later", [later[number] for number in order])

    def on_step_too_late(self, problem: Problem) -> Iterator[Fix]:
        yield _change("2 小时", problem.at, "2 hours", "2 hours")

    # examples
    def on_no_examples(self, problem: Problem) -> Iterator[Fix]:
        found = [one for speaks in (True, False) if (one := self._made(speaks))]
        if found:
            number = {"zh": "两个", "en": "two examples"} if len(found) > 1 else {"zh": "一个", "en": "an example"}
            title = {"zh": f"照规则写{number['zh']}例子", "en": f"Make {number['en']} from the rule"}
            yield Fix(title, "examples", found)

    def on_examples_silent(self, problem: Problem) -> Iterator[Fix]:
        yield from self._one_more(True)

    def on_examples_never_silent(self, problem: Problem) -> Iterator[Fix]:
        yield from self._one_more(False)

    def _one_more(self, speaks: bool) -> Iterator[Fix]:
        held, one = look(self.document, "examples"), self._made(speaks)
        if one and isinstance(held, list | tuple):
            title = {"zh": "加一个会说的例子", "en": "Add one that speaks"}
            if not speaks:
                title = {"zh": "加一个不说的例子", "en": "Add one that stays silent"}
            yield Fix(title, "examples", [*held, one])

    def _made(self, speaks: bool = True) -> dict[str, Any] | None:
        return an_example(self.rule, self.catalogue, speaks) if self.rule else None

    def on_example(self, problem: Problem) -> Iterator[Fix]:
        number = steps_of(problem.at)[-1]
        got = next((one.got for one in self.outcomes if one.example is self.rule.examples[number]), None)  # type: ignore[union-attr, index]
        if got is not None:
            title = {"zh": "改成现在的结果", "en": "Expect what it gives now"}
            yield Fix(title, f"{problem.at}.expect", list(got))

    def on_example_reads(self, problem: Problem) -> Iterator[Fix]:
        at, _, name = problem.at.partition(".facts.")
        facts = look(self.document, f"{at}.facts")
        if isinstance(facts, Mapping) and name in facts:
            yield Fix(
                {"zh": "从例子里去掉它", "en": "Leave it out of the example"}, f"{at}.facts", _without(facts, name)
            )

    # the shape of the document
    def on_missing_key(self, problem: Problem) -> Iterator[Fix]:
        key = problem.problem.partition("' is missing")[0].removeprefix("'")
        ready: dict[str, Any] = {
            "kind": "reminder",
            "when": {"every": "workday", "at": "19:00"},
            "then": [{"nudge": "person", "message": _MESSAGE}],
            "message": _MESSAGE,
            "because": _MESSAGE,
            "cause": {"zh": "可能是步骤还不熟", "en": "The steps may not be familiar yet"},
            "within": "24 hours",
            "wait": "10 minutes",
            "match": "subject",
            "at": "19:00",
            "every": "workday",
            "after": "7 days",
            "window": "this week",
            "expect": [],
        }
        if key in ready and "[" not in problem.at.rpartition("examples")[2]:
            place = f"{problem.at}.{key}" if problem.at else key
            yield Fix(_READY_TITLES.get(key, {"zh": "先补上一个", "en": "Begin with one"}), place, ready[key])

    def on_shape(self, problem: Problem) -> Iterator[Fix]:
        value = look(self.document, problem.at)
        trigger = look(self.document, "when.at")
        if "is not after" in problem.problem and isinstance(trigger, str):
            for later in _later_than(trigger):
                yield _change(later, problem.at, later)
        elif "is not a time of day" in problem.problem:
            for clock in _clocks(value):
                yield _change(clock, problem.at, clock)
        elif "not a length of time" in problem.problem and isinstance(value, int) and not isinstance(value, bool):
            yield _change(f"{value} 天", problem.at, f"{value} days", f"{value} days")
        elif "stands alone, not beside" in problem.problem or problem.problem.startswith("an empty list"):
            yield Fix(_REMOVE, problem.at, None)
        elif problem.problem.startswith("nothing is to be done"):
            yield Fix(
                _READY_TITLES["then"],
                problem.at,
                [{"nudge": "person", "message": _MESSAGE}],
            )
        elif problem.problem.startswith(("no operator", "no fact is named")):
            yield from self._removed(problem)
        elif "takes no `on`" in problem.problem or "belongs to" in problem.problem or "leave it out" in problem.hint:
            yield Fix(_REMOVE, problem.at, None)
        elif problem.problem.startswith("on which day is missing"):
            day: Any = "monday" if look(self.document, "when.every") == "week" else 1
            yield Fix({"zh": "先定一天", "en": "Begin with a day"}, problem.at, day)
        elif "text is needed here" in problem.problem and problem.at.endswith((".zh", ".en")):
            around = look(self.document, problem.at.rpartition(".")[0])
            words = (
                [one for one in around.values() if isinstance(one, str) and one.strip()]
                if isinstance(around, Mapping)
                else []
            )
            if words:
                yield Fix({"zh": "先抄另一种语言", "en": "Begin with the other language"}, problem.at, words[0])
        else:
            for other in _as_other_types(value):
                yield _change(_shown(other), problem.at, other)


def _change(zh: str, place: str, value: Any, en: str = "") -> Fix:
    return Fix({"zh": f"改为“{zh}”", "en": f"Change it to “{en or zh}”"}, place, value)


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


def _turned(leaf: Any) -> dict[str, Any] | None:
    if not isinstance(leaf, Mapping):
        return None
    for op, value in leaf.items():
        if op in ("is", "exists") and isinstance(value, bool):
            return {**leaf, op: not value}
        if op in _OPPOSITE:
            return {**_without(leaf, op), _OPPOSITE[op]: value}
    return None


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {one: value for one, value in mapping.items() if one != key}


def _as_other_types(value: Any) -> Iterator[Any]:
    """What somebody may have meant by a value of the wrong type: ``"3"`` is 3, ``"yes"`` is true, 3 is ``"3"``."""
    if isinstance(value, list | tuple):
        others = [next(_as_other_types(item), item) for item in value]
        if others != list(value):
            yield others
    elif isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[-+]?\d{1,15}", text):
            yield int(text)
        elif re.fullmatch(r"[-+]?\d{1,15}\.\d{1,6}", text):
            yield float(text)
        if text.casefold() in ("true", "yes", "1", "是"):
            yield True
        if text.casefold() in ("false", "no", "0", "否"):
            yield False
    elif isinstance(value, bool):
        yield int(value)
    elif value in (0, 1):
        yield bool(value)
        yield str(value)
    elif isinstance(value, int | float):
        yield f"{value:g}"


def _shown(value: Any) -> str:
    return {True: "是 / yes", False: "否 / no"}[value] if isinstance(value, bool) else str(value)


def _later_than(clock: str) -> Iterator[str]:
    """Good moments for a step that comes after `clock`: nine in the evening, an hour later, the last minute."""
    hour, _, minute = clock.partition(":")
    following = [f"{int(hour) + 1:02}:{minute}"] if hour.isdigit() and int(hour) < 23 else []
    yield from (one for one in ("21:00", *following, "23:59") if one > clock)


def _clocks(value: Any) -> Iterator[str]:
    """What somebody may have meant by a time: ``9:00``, ``19.30``, ``19点``, 1140 (as YAML 1.1 reads 19:00)."""
    if isinstance(value, int) and not isinstance(value, bool):
        hour, minute = (value, 0) if value < 24 else divmod(value, 60)
        if 0 <= hour < 24:
            yield f"{hour:02}:{minute:02}"
    found = (
        re.fullmatch(r"\s*(\d{1,2})\s*(?:[:：.h点时]\s*(\d{1,2})?\s*分?)?\s*", value)
        if isinstance(value, str)
        else None
    )
    if found and int(found[1]) < 24 and int(found[2] or 0) < 60:
        yield f"{int(found[1]):02}:{int(found[2] or 0):02}"
    yield "19:00"


def _without_braces(text: str) -> str:
    kept = re.sub(r"\{([a-z_][a-z0-9_.]*)\}", "\x01\\1\x02", text)
    return kept.replace("{", "").replace("}", "").replace("\x01", "{").replace("\x02", "}")
