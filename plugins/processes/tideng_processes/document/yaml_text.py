"""A process as text: as a person would write it, and read from what somebody typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tideng.plugin import Problem, Problems, read_yaml_text

LONGEST = 500_000
"""So many characters a document may have that somebody typed."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # the reader takes none


def as_text(document: Mapping[str, Any]) -> str:
    """The document as YAML, in its own order; as JSON, which is a part of YAML, where YAML would not read back the same."""
    text = yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    found, problems = read_typed(text)
    return text if found == document and not problems else json.dumps(document, ensure_ascii=False, indent=2)


def read_typed(text: str) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """The document in what somebody typed, None where there is none in it, and what is wrong with it."""
    if len(text) > LONGEST:
        return None, [Problem("", "over-length", {"limit": LONGEST})]
    complaints = Problems()
    found = read_yaml_text("text", text, complaints)
    if found is None or complaints.errors:
        return None, list(complaints.errors)
    if not isinstance(found.value, Mapping):
        return None, [Problem("", "not-a-process")]
    return found.value, []
