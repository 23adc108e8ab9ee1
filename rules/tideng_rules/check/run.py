"""The check before publishing: whether everything a rule names exists and fits, the rule can hold, its texts are kind and
reach somebody, it goes with the other rules, and its examples pass.

Errors keep a rule from being published, warnings do not. All problems are reported at once; `code` names their kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tideng.base.errors import InvalidRule, Problem
from tideng.model.catalogue import Catalogue
from tideng.org.directory import Directory
from tideng_rules.check.cycles import circles_of_events, circles_of_inferences
from tideng_rules.check.example_coverage import Trying
from tideng_rules.check.examples import Outcome
from tideng_rules.check.known_facts import Inferences, KnownFacts
from tideng_rules.check.logic import logic_problems
from tideng_rules.check.names import Naming, two_meanings
from tideng_rules.check.recipients import Reach
from tideng_rules.check.rule_pairs import Beside, within
from tideng_rules.check.texts import Saying
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.document.source import Source
from tideng_rules.engine.rulebook import inferred_by, trigger_needs
from tideng_rules.packaging.rule_files import read_user_document
from tideng_rules.wording.sentences import sentence

LOCALES = ("zh", "en")
"""The languages asked for where no people say otherwise."""
CIRCLES = ("infer-circle", "emit-circle")
"""Codes of the problems that several rules have together."""


def check(
    rules: Iterable[Rule],
    catalogue: Catalogue,
    directory: Directory | None = None,
    locales: Sequence[str] = (),
    strict: bool = False,
) -> list[Problem]:
    """Every problem of every rule, with places such as ``late-report: if.all[0].fact``; [] when all is well.

    `directory` gives the people: their languages, supervisors and roles, and the targets of the positions. `locales`: the
    languages in which texts are to be there, if not those of the people. `strict` also asks whether the examples would
    notice a limit that moved. Rules are looked at together.
    """
    return check_sources([Source(rule, "") for rule in rules], catalogue, directory, locales, strict)


def check_sources(
    sources: Sequence[Source],
    catalogue: Catalogue,
    directory: Directory | None = None,
    locales: Sequence[str] = (),
    strict: bool = False,
) -> list[Problem]:
    """As `check`; places begin with the file or pack a rule came from."""
    rules = [source.rule for source in sources]
    context = CheckContext.of(catalogue, directory, locales)
    inferences, beside = Inferences(rules), Beside()
    found = []
    for source in sources:
        place = f"{source.origin}, {source.rule.id}" if source.origin else source.rule.id
        problems = _RuleCheck(source.rule, context, inferences, beside).problems(strict)
        found += [_placed(problem, place) for problem in problems]
        beside.add(source.rule)  # only now: of two rules that mean something to each other the later one says so
    return found + list(_together(rules))


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of one document.

    `rule`: None if it could not be read. `problems`: its own, with places such as ``if.all[0].fact``. `elsewhere`: those
    that it would newly give to other rules, with places such as ``other-rule: if.fact``. `sentences`: what the rule does,
    per language. `outcomes`: what its examples gave.
    """

    rule: Rule | None
    problems: tuple[Problem, ...]
    sentences: Mapping[str, str]
    outcomes: tuple[Outcome, ...] = ()
    elsewhere: tuple[Problem, ...] = ()

    @property
    def everything(self) -> tuple[Problem, ...]:
        return self.problems + self.elsewhere

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which the document cannot be published."""
        return tuple(problem for problem in self.everything if problem.severity == "error")


class Checker:
    """Checks documents beside the rules in force (`others`), whose own problems are not told.

    The editor, publishing and the import ask the same checker, so that a draft without an error in the editor can be
    published. Prepare one and keep it for as long as the rules in force stay the same: somebody checks at every keystroke.
    A document with the id of one of the others takes its place.
    """

    def __init__(self, others: Iterable[Rule], catalogue: Catalogue):
        self._others = {rule.id: rule for rule in others}
        self._catalogue = catalogue
        self._beside: tuple[str, Beside] | None = None  # for the rule that was checked last

    def check(
        self,
        document: Mapping | str | bytes,
        directory: Directory | None = None,
        locales: Sequence[str] = (),
        strict: bool = False,
    ) -> Checked:
        """Check one document, or the YAML or JSON text of one.

        Never raises for what the document holds. `directory`, `locales` and `strict` as in `check`; `locales` are also
        those of the sentences.
        """
        try:
            rule = parse_rule(_one(document), self._catalogue)
        except InvalidRule as error:
            return Checked(None, error.problems, {})
        context = CheckContext.of(self._catalogue, directory, locales)
        after = [*self._without([rule]), rule]
        found = _RuleCheck(rule, context, Inferences(after), self._beside_of(rule))
        problems = [*found.problems(strict), *(replace(one, at="") for one in _together(after, touching=rule))]
        sentences = {locale: sentence(rule, locale, self._catalogue) for locale in context.locales}
        elsewhere = self._elsewhere([rule], problems, context)
        return Checked(rule, tuple(problems), sentences, found.trying.outcomes, elsewhere)

    def check_together(self, rules: Sequence[Rule], directory: Directory | None = None) -> list[Problem]:
        """Check several rules that are to be published together, each of another id; [] when all is well.

        Places begin with the id of the rule, which may also be one of the others.
        """
        context = CheckContext.of(self._catalogue, directory, ())
        rest = self._without(rules)
        after, beside = [*rest, *rules], Beside(rest)
        inferences, found = Inferences(after), []
        for rule in rules:
            own = [*_RuleCheck(rule, context, inferences, beside).problems()]
            own += [replace(one, at="") for one in _together(after, touching=rule)]
            found += [_placed(problem, rule.id) for problem in own]
            beside.add(rule)
        return [*found, *self._elsewhere(rules, found, context)]

    def _without(self, rules: Iterable[Rule]) -> list[Rule]:
        ids = {rule.id for rule in rules}
        return [rule for id_, rule in self._others.items() if id_ not in ids]

    def _beside_of(self, rule: Rule) -> Beside:
        if self._beside is None or self._beside[0] != rule.id:
            self._beside = (rule.id, Beside(self._without([rule])))
        return self._beside[1]

    def _elsewhere(self, rules: Sequence[Rule], own: Sequence[Problem], context: CheckContext) -> tuple[Problem, ...]:
        """The problems that other rules have with `rules` in force, and do not have without.

        Another rule is touched only by what is inferred or emitted: by the new rules, or until now by those they replace.
        """
        replaced = [self._others[rule.id] for rule in rules if rule.id in self._others]
        inferred = frozenset().union(*map(inferred_by, (*rules, *replaced)))
        emits = any(deed.action == "emit" for rule in (*rules, *replaced) for deed in rule.then)
        if not inferred and not emits:
            return ()
        rest = self._without(rules)
        before, after = list(self._others.values()), [*rest, *rules]
        found: list[Problem] = []
        inferences = Inferences(before), Inferences(after)
        for rule in _readers(rest, inferred):
            old, new = (list(_RuleCheck(rule, context, one, Beside()).problems()) for one in inferences)
            found += [_placed(problem, rule.id) for problem in new if problem not in old]
        if not any(problem.code in CIRCLES for problem in own):  # else the new circle is already told of its new rule
            known = list(_circles(before))
            found += [problem for problem in _circles(after) if problem not in known]
        return tuple(found)


def check_document(
    document: Mapping | str | bytes,
    catalogue: Catalogue,
    directory: Directory | None = None,
    others: Iterable[Rule] = (),
    locales: Sequence[str] = (),
) -> Checked:
    """Check one document, once. See `Checker`, which is prepared for many."""
    return Checker(others, catalogue).check(document, directory, locales)


def _readers(rules: Iterable[Rule], inferred: frozenset[str]) -> list[Rule]:
    """The rules that read one of these inferences, directly or through what others infer from them."""
    found: dict[str, Rule] = {}
    reads = [(rule, trigger_needs(rule)) for rule in rules]
    names = inferred
    while names:
        reached = [rule for rule, needs in reads if needs & names and rule.id not in found]
        found.update((rule.id, rule) for rule in reached)
        names = frozenset().union(*map(inferred_by, reached))
    return list(found.values())


def _one(document: Mapping | str | bytes) -> Mapping:
    if isinstance(document, Mapping):
        return document
    found = read_user_document(document)
    if len(found) != 1:
        wrong = Problem("", "several-rules", {"count": len(found)}) if found else Problem("", "no-rule-here")
        raise InvalidRule("rule", [wrong])
    return found[0]


# -- one rule ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What rules are checked against: the catalogue, the people, whom a rule reaches, and the languages of texts."""

    catalogue: Catalogue
    directory: Directory | None
    reach: Reach
    locales: Sequence[str]

    @classmethod
    def of(cls, catalogue: Catalogue, directory: Directory | None, locales: Sequence[str]) -> CheckContext:
        """`locales`: the languages asked for; without any those of the people, else `LOCALES`."""
        reach = Reach(catalogue, directory)
        return cls(catalogue, directory, reach, tuple(locales) or reach.locales or LOCALES)


class _RuleCheck:
    """The check of one rule beside the others; `trying` has the outcomes of its examples once `problems` is exhausted."""

    def __init__(self, rule: Rule, context: CheckContext, inferences: Inferences, beside: Beside):
        self.rule, self._context, self._beside = rule, context, beside
        self._known = KnownFacts(rule, inferences, context.catalogue, context.directory)
        self.trying = Trying(rule, inferences.providers_of(rule), context.catalogue)

    def problems(self, strict: bool = False) -> Iterator[Problem]:
        rule, known, context = self.rule, self._known, self._context
        naming = Naming(rule, known, context.catalogue)
        yield from naming.problems()
        if naming.sound:  # of comparisons that mix types nothing more can be said
            yield from logic_problems(rule, known.domain_of)
        yield from Saying(rule, known, context.catalogue, context.reach, context.locales).problems()
        yield from within(rule)
        if naming.sound:
            yield from self._beside.problems(rule, known.domain_of)
        yield from self.trying.problems(strict)


def _placed(problem: Problem, place: str) -> Problem:
    """The problem with `place` in front of its own."""
    return replace(problem, at=f"{place}: {problem.at}" if problem.at else place)


# -- all of them ---------------------------------------------------------------------------------------------------


def _together(rules: Sequence[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    """What is wrong among rules: one id twice, circles, one metric name with two meanings where rules are judged together.
    `touching`: only what has to do with this rule."""
    if touching is None:
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                yield Problem(rule.id, "same-id")
            seen.add(rule.id)
    yield from two_meanings(rules, touching)
    yield from _circles(rules, touching)


def _circles(rules: Sequence[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    yield from circles_of_inferences(rules, touching)
    yield from circles_of_events(rules, touching)
