"""Import rules from text as drafts, all or none; export them byte for byte as they were imported.

Every function authorises `viewer` itself and raises `NotAllowed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, NotFound, Problem
from tideng.base.problems import Sentence
from tideng_rules.check.run import Checker
from tideng_rules.document.model import Rule
from tideng_rules.document.parser import parse_rule
from tideng_rules.lifecycle.drafts import Draft, create_draft
from tideng_rules.lifecycle.publishing import Ground, refuse_errors, rules_in_force
from tideng_rules.lifecycle.rights import require_reading, require_writing
from tideng_rules.lifecycle.store import Provenance
from tideng_rules.lifecycle.tables import PUBLISHED, RuleDraftRow, RuleVersionRow
from tideng_rules.lifecycle.versions import (
    Version,
    latest,
    newest,
    version,
)
from tideng_rules.packaging.rule_files import read_user_document
from tideng_rules.packaging.source_text import (
    Written,
    exact,
    split,
    together,
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One rule of an import. `before`: the version whose draft it becomes, None for a new rule."""

    rule: str
    document: Mapping[str, Any]
    text: str | None
    before: Version | None


def read_import(connection: Connection, viewer: Viewer, text: str | bytes, ground: Ground) -> list[Incoming]:
    """What an import would begin, rule by rule, without saving anything.

    `text` is YAML or JSON with one or several rules. Raises `InvalidRule` with every error of every rule and its line:
    of reading them, of the rules themselves, and of what they would do to each other and to the rules in force.
    """
    require_writing(viewer)
    written = split(_text(text))
    if not written:
        raise InvalidRule("import", [Problem("", "import-empty")])
    refuse_errors(Sentence("import"), list(_problems(connection, written, ground)))
    ids = [str(one.document["id"]) for one in written]
    there = newest(connection, viewer, ids)
    return [Incoming(id, one.document, one.text, there.get(id)) for id, one in zip(ids, written, strict=True)]


def import_drafts(
    connection: Connection, viewer: Viewer, text: str | bytes, now: datetime, ground: Ground, note: str = ""
) -> list[Draft]:
    """Begin a draft of every rule of a text, with the text it was written as; all of them, or none. Raises as `read_import`."""
    return [
        create_draft(
            connection, viewer, one.document, now, note, one.rule if one.before else "", Provenance(source=one.text)
        )
        for one in read_import(connection, viewer, text, ground)
    ]


def export_rule(connection: Connection, viewer: Viewer, rule: str, number: int | None = None) -> str:
    """A rule as YAML: the bytes it was imported as, while they still say the same. Without a number the version in force,
    else the newest. Raises `NotFound`."""
    require_reading(viewer)
    found = latest(connection, rule) if number is None else version(connection, viewer, rule, number)
    if found is None:
        raise NotFound("no-rule", {"rule": rule})
    return exact(found.document, found.source)


def export_in_force(connection: Connection, viewer: Viewer) -> str:
    """All rules in force as one file, by id, each as `export_rule` gives it."""
    require_reading(viewer)
    wanted = select(RuleVersionRow.document, RuleVersionRow.source).where(RuleVersionRow.state == PUBLISHED)
    rows = connection.execute(wanted.order_by(RuleVersionRow.rule))
    return together([exact(document, source) for document, source in rows])


def _text(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    read_user_document(text)  # which says where it is not UTF-8
    return text.decode("utf-8")


def _problems(connection: Connection, written: Sequence[Written], ground: Ground) -> Iterator[Problem]:
    parsed: dict[str, tuple[Rule, Written]] = {}
    named = Counter(str(one.document.get("id")) for one in written)
    for number, one in enumerate(written):
        name = str(one.document.get("id") or number + 1)
        if named[name] > 1:
            yield _placed(Problem("id", "rule-id-repeated", {"name": name, "count": named[name]}), name, one)
        try:
            parsed[name] = parse_rule(one.document, ground.catalogue), one
        except InvalidRule as error:
            yield from (_placed(problem, name, one) for problem in error.problems)
    checker = Checker(rules_in_force(connection, ground.catalogue), ground.catalogue)
    for problem in checker.check_together([rule for rule, _ in parsed.values()], ground.directory):
        rule, _, place = problem.at.partition(": ")
        yield _placed(replace(problem, at=place), rule, parsed[rule][1]) if rule in parsed else problem


def _placed(problem: Problem, rule: str, written: Written) -> Problem:
    line = written.line_of(problem.at) or written.lines.get("")
    where = f"line {line}: " if line else ""
    return replace(problem, at=f"{where}{rule}: {problem.at}" if problem.at else f"{where}{rule}")


def duplicate(connection: Connection, viewer: Viewer, rule: str, now: datetime) -> Draft:
    """Begin a draft of a new rule that says the same as this one, under the next free id; raises `NotFound`."""
    require_writing(viewer)
    found = latest(connection, rule)
    if found is None:
        raise NotFound("no-rule", {"rule": rule})
    taken = set(connection.scalars(select(RuleVersionRow.rule).union(select(RuleDraftRow.rule))))
    name = next(name for name in (f"{rule[:110]}-{n}" for n in count(2)) if name not in taken)
    return create_draft(connection, viewer, {**found.document, "id": name}, now)
