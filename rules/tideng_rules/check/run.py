"""The check before publishing: does everything a rule names exist, does it fit, can it ever speak, does it speak kindly and
to somebody, does it go with the other rules, do its examples pass?

Errors keep a rule from being published, warnings do not. Everything is said at once; `code` names the kind of problem.
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
from tideng_rules.document.reader import read_user_document
from tideng_rules.packaging.reader import Source

LOCALES = ("zh", "en")
"""The languages asked for where no people say otherwise."""


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
    reach = Reach(catalogue, directory)
    ground = Ground(catalogue, directory, reach, tuple(locales) or reach.locales or LOCALES)
    inferences, beside = Inferences(rules), Beside()
    found = []
    for source in sources:
        place = f"{source.origin}, {source.rule.id}" if source.origin else source.rule.id
        for problem in _Checking(source.rule, ground, inferences, beside).problems(strict):
            found.append(replace(problem, at=f"{place}: {problem.at}" if problem.at else place))
        beside.add(source.rule)  # only now: of two rules that mean something to each other the later one says so
    return found + list(_together(rules))


class Others:
    """The rules beside which one is written, prepared once for many keystrokes."""

    def __init__(self, rules: Iterable[Rule]):
        self.rules = {rule.id: rule for rule in rules}
        self._prepared: tuple[str, Beside] | None = None

    def without(self, rule: str) -> Mapping[str, Rule]:
        """The others, when one of this id takes the place of its older version."""
        return {id_: one for id_, one in self.rules.items() if id_ != rule} if rule in self.rules else self.rules

    def beside(self, rule: str) -> Beside:
        """The others, sorted; kept for the rule that is being written."""
        if self._prepared is None or self._prepared[0] != rule:
            self._prepared = (rule, Beside(self.without(rule).values()))
        return self._prepared[1]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of one document: the rule where it could be read, every problem, what the rule does in a sentence per
    language, and what its examples gave."""

    rule: Rule | None
    problems: tuple[Problem, ...]
    sentences: Mapping[str, str]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def check_document(
    document: Mapping | str | bytes,
    catalogue: Catalogue,
    directory: Directory | None = None,
    others: Sequence[Rule] | Others = (),
    locales: Sequence[str] = (),
    strict: bool = False,
) -> Checked:
    """Check one document, or the YAML or JSON text of one, beside the `others` that are in force.

    Never raises for what the document holds: all of it is in `problems`, with places such as ``if.all[0].fact``. The
    others' own problems are not told. `others`: pass one `Others` to check again and again while somebody writes;
    a rule among them with the same id counts as the older version. `locales`: as in `check`, and those of the sentences.
    """
    try:
        rule = parse_rule(_one(document), catalogue)
    except InvalidRule as error:
        return Checked(None, error.problems, {})
    others = others if isinstance(others, Others) else Others(others)
    rest = others.without(rule.id)
    reach = Reach(catalogue, directory)
    spoken = tuple(locales) or reach.locales or LOCALES
    ground = Ground(catalogue, directory, reach, spoken)
    checking = _Checking(rule, ground, Inferences((*rest.values(), rule)), others.beside(rule.id))
    problems = list(checking.problems(strict))
    for problem in _together((*rest.values(), rule), touching=rule):
        problems.append(replace(problem, at=""))
    from tideng_rules.wording.sentences import sentence

    sentences = {locale: sentence(rule, locale, catalogue) for locale in spoken}
    return Checked(rule, tuple(problems), sentences, checking.trying.outcomes)


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
class Ground:
    """What rules are checked against."""

    catalogue: Catalogue
    directory: Directory | None
    reach: Reach
    locales: Sequence[str]


class _Checking:
    """One rule being checked, beside the others."""

    def __init__(self, rule: Rule, ground: Ground, inferences: Inferences, beside: Beside):
        self.rule, self._ground, self._beside = rule, ground, beside
        self._known = KnownFacts(rule, inferences, ground.catalogue, ground.directory)
        self.trying = Trying(rule, inferences.providers_of(rule), ground.catalogue)

    def problems(self, strict: bool) -> Iterator[Problem]:
        rule, known, ground = self.rule, self._known, self._ground
        naming = Naming(rule, known, ground.catalogue)
        yield from naming.problems()
        if naming.sound:  # of comparisons that mix types nothing more can be said
            yield from logic_problems(rule, known.domain_of)
        yield from Saying(rule, known, ground.catalogue, ground.reach, ground.locales).problems()
        yield from within(rule)
        if naming.sound:
            yield from self._beside.problems(rule, known.domain_of)
        yield from self.trying.problems(strict)


# -- all of them ---------------------------------------------------------------------------------------------------


def _together(rules: Sequence[Rule], touching: Rule | None = None) -> Iterator[Problem]:
    """What is wrong among rules: one id twice, circles, one metric name with two meanings where rules are judged together.
    `touching`: only what has to do with this rule."""
    if touching is None:
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                yield Problem(rule.id, "rule-id-twice")
            seen.add(rule.id)
    yield from two_meanings(rules, touching)
    yield from circles_of_inferences(rules, touching)
    yield from circles_of_events(rules, touching)
