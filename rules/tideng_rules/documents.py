"""Rule files, read: YAML or JSON text becomes plain documents, or is refused with the line and the reason.

YAML is read with the YAML 1.2 meaning people expect (``on`` is a word, ``19:00`` is text, a date stays text), so that a
document is the same whether it came as YAML, as JSON or from the database. Aliases are refused: a rule has no use for
them, and nested ones can grow a kilobyte into gigabytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tideng.errors import InvalidRule, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
SUFFIXES = (".yaml", ".yml", ".json")


class _Loader(yaml.SafeLoader):
    """SafeLoader with the YAML 1.2 core types, no aliases, no duplicate keys, and a limit on nesting."""

    yaml_implicit_resolvers: ClassVar[
        dict[str, list[tuple[str, re.Pattern[str]]]]
    ] = {}  # add_implicit_resolver fills it

    def __init__(self, stream: str):
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node:
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent) or getattr(self.peek_event(), "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used in rules", problem_mark=mark)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool) and key is not None:
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} is there twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, _shape, _first in (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_shape})\Z"), list(_first))


def _refuse(what: str, at: str, problem: str, hint: str = "") -> InvalidRule:
    return InvalidRule(what, [Problem(at, problem, hint)])


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} is there twice")
    return found


def _load_json(text: str, name: str) -> list[Any]:
    try:
        return [json.loads(text, object_pairs_hook=_no_duplicates)]
    except json.JSONDecodeError as error:
        raise _refuse(name, f"line {error.lineno}", f"not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, ValueError) else f"nested deeper than {MAX_DEPTH} levels"
        raise _refuse(name, "", problem) from None


def _load_yaml(text: str, name: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=_Loader))  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else ""
        raise _refuse(name, line, str(error.problem or error.context or "not YAML")) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refuse(name, "", f"not YAML: {str(error).splitlines()[0]}") from None


def too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether mappings and lists are nested deeper than `depth` levels."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, Mapping | list | tuple)
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
        if not level:
            return False
    return True


def read_documents(source: Path | str) -> list[Any]:
    """Every top-level document of a file (`Path`) or of a text, unread: what a pack or a rule file holds.

    Raises `InvalidRule` naming the line: over 1 MB, broken UTF-8, YAML or JSON, an alias, a duplicate key, too deep."""
    name = source.name if isinstance(source, Path) else "rules"
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            raw = source.read_bytes() if size <= MAX_BYTES else b""
        except OSError as error:
            raise _refuse(name, str(source), f"cannot be read: {error.strerror}") from None
    else:
        raw = source.encode("utf-8", "surrogatepass") if len(source) <= MAX_BYTES else b""
        size = max(len(raw), len(source))
    if size > MAX_BYTES:
        raise _refuse(name, "", f"larger than 1 MB ({size} bytes)", "split it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refuse(name, f"line {line}", "not UTF-8") from None
    is_json = name.endswith(".json") or (text.lstrip()[:1] in ("[", "{") and not isinstance(source, Path))
    documents = _load_json_or_yaml(text, name, is_json)
    if any(too_deep(document) for document in documents):
        raise _refuse(name, "", f"nested deeper than {MAX_DEPTH} levels")
    return [document for document in documents if document is not None]


def _load_json_or_yaml(text: str, name: str, is_json: bool) -> list[Any]:
    if not is_json:
        return _load_yaml(text, name)
    try:
        return _load_json(text, name)
    except InvalidRule:
        if name.endswith(".json"):
            raise
        return _load_yaml(text, name)  # a text in YAML's flow style begins with a bracket, too


def read_rules(source: Path | str) -> list[Mapping[str, Any]]:
    """The rule documents of a file, or of a text: one rule, several (``---``), a list, or a pack with its defaults.

    A `Path` is opened; a `str` is the text itself, unless it is one line ending in .yaml, .yml or .json. Raises `InvalidRule`."""
    if isinstance(source, str) and "\n" not in source and source.endswith(SUFFIXES):
        source = Path(source)
    name = source.name if isinstance(source, Path) else "rules"
    return list(_flatten(read_documents(source), name))


def _flatten(documents: list[Any], name: str) -> Iterator[Mapping[str, Any]]:
    for number, document in enumerate(documents):
        if isinstance(document, list):
            yield from _flatten(document, name)
        elif not isinstance(document, Mapping):
            raise _refuse(name, f"document {number + 1}", f"a rule is a mapping, not {type(document).__name__}")
        elif "pack" in document:
            from tideng_rules.packs import fill_pack

            yield from fill_pack(document, {})
        else:
            yield document
