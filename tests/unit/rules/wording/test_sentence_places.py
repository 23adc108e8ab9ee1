"""The sentence in pieces: joined it is the sentence, and each piece leads to what it speaks of."""

from __future__ import annotations

import random

import pytest

from tests.unit.rules.builders import a_catalogue, a_document, nudge
from tideng_rules.document.parser import parse_rule
from tideng_rules.document.paths import look
from tideng_rules.wording.sentence_places import sentence_parts
from tideng_rules.wording.sentences import sentence

CATALOGUE = a_catalogue()
LEAVES = (
    {"fact": "person.on_trip", "is": True},
    {"fact": "metric.reports_today", "gte": 2},
    {"fact": "event.needs", "exists": False},
    {"fact": "metric.reports_today", "lt": {"fact": "target.reports_today", "times": 0.8}},
    {"fact": "person.level", "in": ["a", "，b，", "{c}"]},
)
TRIGGERS = (
    {"every": "workday", "at": "19:00"},
    {"every": "week", "on": "friday", "at": "09:00"},
    {"event": "report.submitted"},
    {"event": "trip.started", "without": ["trip.ended"], "within": "2 days", "match": "trip"},
    {"event": "report.submitted", "wait": "10 minutes", "where": {"fact": "event.needs", "exists": True}},
)
DEEDS = (
    nudge(),
    nudge("supervisor"),
    {"mark": "incomplete"},
    {"infer": "found.late", "because": {"zh": "晚", "en": "late"}},
)


def a_condition(dice: random.Random, depth: int = 0):
    if depth == 3 or dice.random() < 0.5:
        return dice.choice(LEAVES)
    items = [a_condition(dice, depth + 1) for _ in range(dice.randint(1, 3))]
    return items if dice.random() < 0.2 else {dice.choice(("all", "any", "none")): items}


def some_document(seed: int) -> dict:
    """A rule as chance has it, in order as far as the parser is concerned."""
    dice = random.Random(seed)
    deeds = [dice.choice(DEEDS) for _ in range(dice.randint(1, 3))]
    more = {
        "later": [{"after": f"{n + 1} hours", "then": dice.choice(DEEDS)} for n in range(dice.randint(1, 2))],
        "until": a_condition(dice),
        "limit": {"once_per": dice.choice(("week", "60 minutes")), "at_most": "2 per week"},
    }
    then = deeds[0] if dice.random() < 0.3 else deeds
    chosen = {name: value for name, value in more.items() if dice.random() < 0.7}
    return a_document(
        when=dice.choice(TRIGGERS), who=a_condition(dice), if_=a_condition(dice), then=then, examples=None, **chosen
    )


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_pieces_joined_are_the_sentence_and_their_places_are_in_the_document(locale):
    for seed in range(300):
        document = some_document(seed)
        rule = parse_rule(document)
        parts = sentence_parts(rule, locale, CATALOGUE)
        assert "".join(part.text for part in parts) == sentence(rule, locale, CATALOGUE)
        missing = [part for part in parts if part.place and look(document, part.place) is None]
        assert missing == [], document


def test_each_card_that_is_there_is_spoken_of():
    document = a_document(
        later=[{"after": "2 hours", "then": [nudge("supervisor")]}],
        until={"fact": "metric.reports_today", "gt": 0},
        limit={"once_per": "week"},
    )
    parts = sentence_parts(parse_rule(document), "zh", CATALOGUE)
    places = [part.place for part in parts if part.place]
    assert places == ["when", "who", "if", "then[0]", "later[0]", "later[0].then[0]", "until", "limit"]


def test_a_comma_at_the_edge_is_no_part_of_what_lights_up():
    parts = sentence_parts(parse_rule(a_document()), "zh", CATALOGUE)
    assert parts[0] == ("每个工作日 19:00", "when")
