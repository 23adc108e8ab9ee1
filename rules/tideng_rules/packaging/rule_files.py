"""Read the rules in a file or a text, whether they stand alone, in a list or in a pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tideng_rules.document.problems import kind_of
from tideng_rules.document.reader import MAX_BYTES, decoded, read_documents, refused
from tideng_rules.packaging.parameters import fill_pack

MAX_RULES = 5_000
"""Rules in one file or text."""
SUFFIXES = (".yaml", ".yml", ".json")


def read_rules(source: Path | str) -> list[Mapping[str, Any]]:
    """The rule documents of a file, or of a text: one rule, several (``---``), a list, or a pack with its defaults.

    A `Path` is opened; a `str` is the text itself, unless it is one line ending in .yaml, .yml or .json. Raises `InvalidRule`."""
    if isinstance(source, str) and "\n" not in source and source.endswith(SUFFIXES):
        source = Path(source)
    return _rules(read_documents(source), source.name if isinstance(source, Path) else "rules")


def read_user_document(text: str | bytes) -> list[Mapping[str, Any]]:
    """The rule documents in what somebody typed or sent: YAML or JSON, at most 1 MB; a text is never taken for a path.

    Raises `InvalidRule` with the line and the way out, in bounded time and memory, whatever the text is.
    """
    if isinstance(text, bytes):
        # a text that is too large is refused by its size alone: decoding it could raise another error first
        text = decoded(text, "rules") if len(text) <= MAX_BYTES else "x" * (MAX_BYTES + 1)
    return _rules(read_documents(text), "rules")


def _rules(documents: list[Any], name: str) -> list[Mapping[str, Any]]:
    found = list(islice(_flatten(documents, name), MAX_RULES + 1))
    if len(found) > MAX_RULES:
        raise refused(name, "", "too-many-rules", {"limit": MAX_RULES})
    return found


def _flatten(documents: list[Any], name: str) -> Iterator[Mapping[str, Any]]:
    for number, document in enumerate(documents):
        if isinstance(document, list):
            yield from _flatten(document, name)
        elif not isinstance(document, Mapping):
            raise refused(name, f"document {number + 1}", "rule-not-a-mapping", {"kind": kind_of(document)})
        elif "pack" in document:
            yield from fill_pack(document, {})
        else:
            yield document
