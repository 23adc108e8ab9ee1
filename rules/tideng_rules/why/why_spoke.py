"""Why a rule spoke: the version that did, what triggered it, the facts it saw, and the path through its conditions.

All of it is kept with the finding and with the immutable version, so that it can be told as long as the finding is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tideng.access.viewer import Viewer
from tideng.base.errors import InvalidRule, NotFound
from tideng.base.text import Each, colon, joined, phrase, same, wording
from tideng.model.catalogue import Catalogue, Text
from tideng.model.judge_contract import Reason
from tideng.org.directory import Directory
from tideng.outbox.system_rules import system_watch
from tideng.views.nudges import NudgeView
from tideng.views.nudges import finding as one_finding
from tideng_rules.document.model import (
    ALWAYS,
    Condition,
    Group,
    Rule,
)
from tideng_rules.document.parser import parse_rule
from tideng_rules.engine.verdict_tree import Node, plain, rebuilt
from tideng_rules.lifecycle.state_at import Standing
from tideng_rules.lifecycle.versions import Version
from tideng_rules.wording.answers import (
    Teller,
    chosen,
    when,
)
from tideng_rules.wording.sentences import reasons_sentence

if TYPE_CHECKING:
    from tideng.runtime.deployment import Deployment

PARTS = {
    "who": phrase("Who"),
    "if": phrase("If"),
    "until": phrase("Until"),
}


@dataclass(frozen=True, slots=True)
class FactSeen:
    """One fact that was looked at: its dotted name, title and unit, and its value (None: no data)."""

    fact: str
    title: Text
    value: Any
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"fact": self.fact, "title": dict(self.title), "value": plain(self.value), "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one finding was made. `author`, `approved_by` and `published_at` are those of the version; `trigger` says when
    the rule asks, `triggered` what made it ask this time. `conditions`: (part, tree) for who, if or until; empty where
    the reasons are not this version's, which `sentence` tells all the same."""

    finding: NudgeView
    title: Text
    why: Text
    author: str
    approved_by: str | None
    published_at: datetime | None
    zone: str
    trigger: Text
    triggered: Text
    facts: tuple[FactSeen, ...]
    conditions: tuple[tuple[str, Node], ...]
    sentence: Text
    catalogue: Catalogue

    def sentences(self, locale: str) -> list[str]:
        """The rule, what made it ask, and the conditions as an indented tree; one line each."""
        language = locale
        teller = Teller(self.catalogue)
        lines = [chosen(self.triggered, language)]
        for part, node in self.conditions:
            lines += [wording(PARTS[part], language), *tree_lines(node, teller, language)]
        return lines if self.conditions else [*lines, *filter(None, [chosen(self.sentence, language)])]

    def to_json(self) -> dict[str, Any]:
        """For other programs; moments in the subject's own zone."""
        zone = ZoneInfo(self.zone)
        it = self.finding
        return {
            "finding": it.id,
            "key": it.key,
            "rule": it.rule,
            "version": it.version,
            "title": dict(self.title),
            "why": dict(self.why),
            "author": self.author,
            "approved_by": self.approved_by,
            "published_at": self.published_at.astimezone(zone).isoformat() if self.published_at else None,
            "subject": it.subject,
            "at": it.at.astimezone(zone).isoformat(),
            "trigger": dict(self.trigger),
            "triggered": dict(self.triggered),
            "facts": [fact.to_json() for fact in self.facts],
            "conditions": {part: node.to_json() for part, node in self.conditions},
            "sentence": dict(self.sentence),
        }


def explain_finding(
    deployment: Deployment,
    connection: Connection,
    viewer: Viewer,
    finding: int,
    directory: Directory | None = None,
) -> Explanation:
    """Why the finding with this id was made; raises `NotFound` also for what `viewer` may not see.

    `directory` spares reading it again. A finding of a rule that is not in the store is told without its tree.
    """
    if directory is None:
        found = deployment.plugins.first("directory", connection=connection)
        directory = found or Directory(default_zone=deployment.profile.timezone)
    view = one_finding(connection, viewer, directory, deployment.clock.now(), finding)
    version = _version(connection, deployment.catalogue, view)
    return explained(view, version, deployment.catalogue, directory)


def explained(view: NudgeView, version: Version | None, catalogue: Catalogue, directory: Directory) -> Explanation:
    """The same, of a finding that has been read; `version` is the one that spoke, None where it is not known."""
    document: Mapping[str, Any] = version.document if version else {}
    rule, own = _parsed(document, catalogue), system_watch(view.rule)
    teller = Teller(catalogue, rule.trigger if rule else None)
    zone = directory.zone_of(view.subject, view.at)
    trees = _trees(rule, view) if rule else ()
    return Explanation(
        finding=view,
        title=_text(document.get("title")) or (own.title if own else same(view.rule)),
        why=_text(document.get("why")) or (own.why if own else {}),
        author=version.author if version else "",
        approved_by=version.approved_by if version else None,
        published_at=version.published_at if version else None,
        zone=zone.key,
        trigger=teller.trigger() if rule else same(""),
        triggered=_triggered(rule, view, teller, zone, catalogue),
        facts=_facts(view, trees, teller, catalogue),
        conditions=trees,
        sentence=_sentence(rule, view, catalogue),
        catalogue=catalogue,
    )


def tree_lines(node: Node, teller: Teller, language: str, depth: int = 1) -> list[str]:
    """A tree as indented lines: ✓ held, ✗ did not, · did not matter."""
    mark = ("✓" if node.holds else "✗") if node.decided else "·"
    said, value = chosen(teller.node(node), language), chosen(teller.value(node), language)
    found = (wording(phrase(" (in fact: {value})", value=value), language)) if value else ""
    lines = [f"{'  ' * depth}{mark} {said}{found}"]
    for item in node.items:
        lines += tree_lines(item, teller, language, depth + 1)
    return lines


def _version(connection: Connection, catalogue: Catalogue, view: NudgeView) -> Version | None:
    try:
        return Standing(connection, catalogue, view.rule).number(view.version)
    except NotFound:
        return None


def _parsed(document: Mapping[str, Any], catalogue: Catalogue) -> Rule | None:
    try:
        return parse_rule(document, catalogue) if document else None
    except InvalidRule:
        return None


def _text(value: Any) -> Text:
    return value if isinstance(value, Mapping) else same(value) if isinstance(value, str) else {}


def _trees(rule: Rule, view: NudgeView) -> tuple[tuple[str, Node], ...]:
    """The trees of the parts that were asked; none at all where one of them does not fit its reasons."""
    parts: Sequence[tuple[str, Condition | None]] = (("who", rule.who), ("if", rule.if_), ("until", rule.until))
    found = []
    for part, condition in parts:
        reasons = [reason for reason in view.why if reason.get("part") == part]
        if condition is None or _always(condition) or (part == "until") != (view.step > 0):
            if reasons:
                return ()
            continue
        node = rebuilt(condition, reasons)
        if node is None:
            return ()
        found.append((part, node))
    return tuple(found)


def _always(condition: Condition) -> bool:
    return condition == ALWAYS or (isinstance(condition, Group) and not condition.items)


def _triggered(rule: Rule | None, view: NudgeView, teller: Teller, zone: ZoneInfo, catalogue: Catalogue) -> Text:
    """What made it ask: the event that opened a wait, or the rule's own trigger; and the moment."""
    at = when(view.at, zone)
    waited = [_reason(reason) for reason in view.why if reason.get("part") == "when"]
    if waited:
        within = getattr(rule.trigger, "within", None) if rule else None
        return joined(
            (Each(lambda language: reasons_sentence(waited, language, catalogue, within=within)), at), Each(colon)
        )
    return joined((teller.trigger(), at), Each(colon)) if rule else at


def _facts(
    view: NudgeView, trees: Sequence[tuple[str, Node]], teller: Teller, catalogue: Catalogue
) -> tuple[FactSeen, ...]:
    """Each fact once, in the order in which it was looked at; those that were compared with, too."""
    seen: dict[str, Any] = {}
    for reason in view.why:
        if reason.get("part") != "when":
            seen.setdefault(str(reason.get("fact", "")), reason.get("value"))
    for _, node in trees:
        for leaf in node.leaves():
            if leaf.other:
                seen.setdefault(leaf.other, leaf.other_value)
    return tuple(FactSeen(name, teller.fact(name), value, _unit(name, catalogue)) for name, value in seen.items())


def _unit(name: str, catalogue: Catalogue) -> str:
    family, _, rest = name.partition(".")
    declared: Any = catalogue.facts.get(name)
    if declared is None and family in ("metric", "peers", "target"):
        declared = catalogue.metrics.get(rest)
    if declared is None and family == "event":
        declared = next(filter(None, (one.field(rest) for one in catalogue.event_types.values())), None)
    return catalogue.shown_unit(str(getattr(declared, "unit", "") or ""))


def _sentence(rule: Rule | None, view: NudgeView, catalogue: Catalogue) -> Text:
    reasons = [_reason(reason) for reason in view.why if reason.get("part") != "when"]
    event_type = getattr(rule.trigger, "event_type", "") if rule else ""
    return Each(lambda language: reasons_sentence(reasons, language, catalogue, event_type))


def _reason(stored: Mapping[str, Any]) -> Reason:
    names = ("fact", "value", "op", "operand", "holds", "part")
    return Reason(*(stored.get(name) for name in names))  # type: ignore[arg-type]
