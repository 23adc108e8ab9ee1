"""Read YAML or JSON text into plain documents, or refuse it with the line and the reason.

YAML is read with the YAML 1.2 meaning people expect (``on`` is a word, ``19:00`` is text, a date stays text), so that a
document is the same whether it came as YAML, as JSON or from the database. Aliases are refused: a rule has no use for
them, and nested ones can grow a kilobyte into gigabytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tideng.base.errors import InvalidRule, InvalidValue, Problem
from tideng.base.parse_errors import of_json, of_os, of_text, of_yaml
from tideng.base.problems import Sentence
from tideng_rules.document.problems import shown

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Texts, numbers, lists and mappings in one text; a megabyte of rules that say something holds half as many."""


class _Refused(yaml.MarkedYAMLError):
    """YAML that rules do not use; `message` says what."""

    def __init__(self, mark: yaml.Mark, code: str, params: Mapping[str, Any] | None = None):
        super().__init__(problem=code, problem_mark=mark)
        self.message = Sentence(code, params or {})


class RuleLoader(yaml.SafeLoader):
    """SafeLoader with the YAML 1.2 core types, no aliases, no duplicate keys, and a limit on nesting."""

    yaml_implicit_resolvers: ClassVar[
        dict[str, list[tuple[str, re.Pattern[str]]]]
    ] = {}  # add_implicit_resolver fills it

    def __init__(self, stream: str):
        super().__init__(stream)
        self._depth = self._values = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node:
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent) or getattr(self.peek_event(), "anchor", None):
            raise _Refused(mark, "alias-not-used")
        self._depth += 1
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Refused(mark, "too-many-values", {"limit": MAX_VALUES})
        if self._depth > MAX_DEPTH:
            raise _Refused(mark, "nested-too-deep", {"limit": MAX_DEPTH})
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool) and key is not None:
                raise _Refused(key_node.start_mark, "key-not-a-plain-word")
            if key in seen:
                raise _Refused(key_node.start_mark, "key-twice", {"name": shown(key)})
            if is_odd(key):
                raise _Refused(key_node.start_mark, "key-holds-control-character")
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
    RuleLoader.add_implicit_resolver(_tag, re.compile(rf"(?:{_shape})\Z"), list(_first))


def refused(name: str, at: str, code: str, params: Mapping[str, Any] | None = None) -> InvalidRule:
    """The error for a text with this one problem; the caller raises it."""
    what = Sentence("rules") if name == "rules" else Sentence("rules-in", {"name": name})
    return InvalidRule(what, [Problem(at, code, params or {})])


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InvalidValue("key-twice", {"name": Counter(keys).most_common(1)[0][0][:60]})
    return found


def _load_json(text: str, name: str) -> list[Any]:
    try:
        return [json.loads(text, object_pairs_hook=_no_duplicates)]
    except json.JSONDecodeError as error:
        raise refused(name, f"line {error.lineno}", "not-json", {"why": of_json(error)}) from None
    except (ValueError, RecursionError) as error:
        wrong = _why(error) if isinstance(error, ValueError) else Sentence("nested-too-deep", {"limit": MAX_DEPTH})
        raise refused(name, "", wrong.code, wrong.params) from None


def _load_yaml(text: str, name: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=RuleLoader))  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else ""
        if isinstance(error, _Refused):
            raise refused(name, line, error.message.code, error.message.params) from None
        if isinstance(error, yaml.constructor.ConstructorError):  # a tag that SafeLoader has no constructor for
            raise refused(name, line, "tag-not-used") from None
        raise refused(name, line, "document-not-yaml", {"why": of_yaml(error)}) from None
    except yaml.reader.ReaderError as error:
        line = f"line {text.count(chr(10), 0, error.position) + 1}"
        raise refused(name, line, "character-not-allowed") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise refused(name, "", "document-not-yaml", {"why": of_text(str(error).splitlines()[0][:200])}) from None
    except ValueError as error:
        wrong = _why(error)
        raise refused(name, "", wrong.code, wrong.params) from None


def _why(error: ValueError) -> Sentence:
    """What Python says of a number with a million digits, and what this module says itself."""
    if isinstance(error, InvalidValue):
        return error.message
    return Sentence("number-with-too-many-digits") if str(error).startswith("Exceeds the limit") else of_text(error)


_ODD = re.compile("[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")


def is_odd(key: Any) -> bool:
    """Whether a key holds what nobody sees or nothing can store: control characters, half characters, turned-round text."""
    return isinstance(key, str) and _ODD.search(key) is not None


def unfit(value: Any) -> Sentence | None:
    """What makes a document, however it came, unfit to be read: nested too deep, too many values, odd keys; else None."""
    if too_deep(value):
        return Sentence("nested-too-deep", {"limit": MAX_DEPTH})
    level, count = [value], 0
    while level:
        count += len(level)
        if count > MAX_VALUES:
            return Sentence("too-many-values", {"limit": MAX_VALUES})
        if any(is_odd(key) for outer in level if isinstance(outer, Mapping) for key in outer):
            return Sentence("key-holds-control-character")
        level = list(_inner(level))
    return None


def _inner(level: list[Any]) -> Iterator[Any]:
    for outer in level:
        if isinstance(outer, Mapping):
            yield from outer.values()
        elif isinstance(outer, list | tuple):
            yield from outer


def too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether mappings and lists are nested deeper than `depth` levels."""
    level: list[Any] = [value]
    for _ in range(depth + 1):
        level = list(_inner(level))
        if not level:
            return False
        if len(level) > MAX_VALUES:
            return False  # too wide, which is said of it instead
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
            raise refused(name, str(source), "unreadable", {"why": of_os(error)}) from None
    else:
        raw = source.encode("utf-8", "surrogatepass") if len(source) <= MAX_BYTES else b""
        size = max(len(raw), len(source))
    if size > MAX_BYTES:
        raise refused(name, "", "document-too-large", {"size": size})
    text = decoded(raw, name)
    is_json = name.endswith(".json") or (text.lstrip()[:1] in ("[", "{") and not isinstance(source, Path))
    documents = _load_json_or_yaml(text, name, is_json)
    wrong = next(filter(None, map(unfit, documents)), None)
    if wrong:
        raise refused(name, "", wrong.code, wrong.params)
    return [document for document in documents if document is not None]


def decoded(raw: bytes, name: str) -> str:
    """The text of UTF-8 bytes; raises `InvalidRule` with the line of the first byte that is not."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refused(name, f"line {line}", "not-utf8") from None


def _load_json_or_yaml(text: str, name: str, is_json: bool) -> list[Any]:
    if not is_json:
        return _load_yaml(text, name)
    try:
        return _load_json(text, name)
    except InvalidRule:
        if name.endswith(".json"):
            raise
        return _load_yaml(text, name)  # a text in YAML's flow style begins with a bracket, too
