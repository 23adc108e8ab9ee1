"""What a pack says of its rules beside the rules: the topic, the sentence on its card, and what was measured elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from tideng.base.text import phrase
from tideng.model.catalogue import Text
from tideng_rules.document.problems import Collector, join

TOPICS: Mapping[str, Text] = MappingProxyType(
    {
        "trip": phrase("Trips"),
        "report": phrase("Reports"),
        "customer": phrase("Customers"),
        "claim": phrase("Claims"),
        "growth": phrase("Growth"),
        "other": phrase("Other"),
    }
)
"""Topic → its word, in the order in which they are offered."""
KEYS = ("topic", "sentence", "elsewhere")
ELSEWHERE_KEYS = ("zh", "en", "source")
SLOT = re.compile(r"\$\{([^{}]*)\}")


def check_blueprints(blueprints: Any, rules: Collection[str], parameters: Collection[str], notes: Collector) -> None:
    """Note what is wrong with a pack's ``blueprints``, by rule id. A figure from elsewhere names where it was measured."""
    for rule, said in notes.mapping(blueprints, "blueprints", rules).items():
        at = join("blueprints", str(rule))
        said = notes.mapping(said, at, KEYS, ("topic",))
        if "topic" in said:
            notes.choice(said["topic"], f"{at}.topic", TOPICS)
        for locale, words in notes.text(said["sentence"], f"{at}.sentence").items() if "sentence" in said else ():
            for name in SLOT.findall(words):
                if name not in parameters:
                    notes.note(f"{at}.sentence.{locale}", "parameter-undeclared", {"name": name})
        if "elsewhere" in said:
            elsewhere = notes.mapping(said["elsewhere"], f"{at}.elsewhere", ELSEWHERE_KEYS, ELSEWHERE_KEYS)
            for key, words in elsewhere.items():
                notes.words(words, f"{at}.elsewhere.{key}")
