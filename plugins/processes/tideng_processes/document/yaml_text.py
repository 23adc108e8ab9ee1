"""A process as YAML text: written as a person would write it, and read from typed text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tideng.plugin import Problem, Problems, read_yaml_text

LONGEST = 500_000
"""The most characters of a typed document."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # the reader refuses aliases


def as_text(document: Mapping[str, Any]) -> str:
    """The document as YAML, in its own order. Where that would not read back the same, as JSON, which YAML contains."""
    text = yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    found, problems = read_typed(text)
    return text if found == document and not problems else json.dumps(document, ensure_ascii=False, indent=2)


def read_typed(text: str) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """The document in a typed text, None where there is none, and its problems."""
    if len(text) > LONGEST:
        return None, [Problem("", "over-length", {"limit": LONGEST})]
    complaints = Problems()
    found = read_yaml_text("text", text, complaints)
    if found is None or complaints.errors:
        return None, list(complaints.errors)
    if not isinstance(found.value, Mapping):
        return None, [Problem("", "not-a-process")]
    return found.value, []
