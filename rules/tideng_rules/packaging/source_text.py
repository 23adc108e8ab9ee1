"""The texts that rules were imported as: one text per rule, returned byte for byte while it still says the same.

A text that holds several rules is cut where one ends and the next begins, comments and all; the pieces of a file with
``---`` lines between its rules, put `together` again, are the file. The items of a list become texts of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tideng.base.errors import InvalidRule
from tideng_rules.document.merge import same
from tideng_rules.document.reader import RuleLoader
from tideng_rules.document.yaml_writer import to_yaml
from tideng_rules.packaging.rule_files import read_user_document

_BETWEEN = "---\n"


@dataclass(frozen=True, slots=True)
class Written:
    """One rule as it was written. `text`: its own text, None where it has none (JSON in a list, the rules of a pack).

    `lines`: place in the document → line in the whole text, from 1; places are written as in problems.
    """

    document: Mapping[str, Any]
    text: str | None
    lines: Mapping[str, int]

    def line_of(self, place: str) -> int | None:
        """The line of a place, or of the nearest place around it that has one."""
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place)


def split(text: str) -> list[Written]:
    """The rules of a text, in order, each with its own text and lines; raises `InvalidRule` with the line."""
    documents = read_user_document(text)
    nodes = _nodes(text)
    starts = _starts(text, nodes)
    if len(nodes) == len(documents):  # one rule a document, or one list of rules
        pieces = _pieces(text, starts) if starts else [text] * len(nodes)
        found = []
        head = text[: starts[0]] if starts else ""
        for number, ((node, in_list), document, piece) in enumerate(zip(nodes, documents, pieces, strict=True)):
            own = _outdented(piece) if in_list else piece.removeprefix(_BETWEEN) if number else piece
            own = own if number else head + own
            found.append(Written(document, own if _says(own, document) else None, dict(_lines(node, ""))))
        return found
    return [Written(document, None, {}) for document in documents]


def exact(document: Mapping[str, Any], source: str | None) -> str:
    """A rule as it is exported: the text it came from while that says the same, else as YAML of ours."""
    return source if source is not None and _says(source, document) else to_yaml(document)


def together(texts: list[str]) -> str:
    """Several rules as one file, which `split` takes apart into the same texts."""
    joined = ""
    for text in texts:
        if joined:
            joined += "" if joined.endswith("\n") else "\n"
            joined += "" if _begins_itself(text) else _BETWEEN
        joined += text
    return joined


def _says(text: str, document: Mapping[str, Any]) -> bool:
    try:
        found = read_user_document(text)
    except InvalidRule:
        return False
    return len(found) == 1 and same(found[0], document)


def _begins_itself(text: str) -> bool:
    """Whether the text marks its own beginning with ``---``, before anything but comments."""
    for line in text.splitlines():
        if line.startswith("---"):
            return True
        if line.strip() and not line.lstrip().startswith("#"):
            return False
    return False


def _nodes(text: str) -> list[tuple[yaml.Node, bool]]:
    """The nodes of the rules, and whether they stand in a list; of a text that could be read."""
    try:
        roots = [node for node in yaml.compose_all(text.removeprefix("\ufeff"), Loader=RuleLoader) if node is not None]
    except (yaml.YAMLError, RecursionError):  # JSON that is no YAML
        return []
    found: list[tuple[yaml.Node, bool]] = []
    for root in roots:
        if isinstance(root, yaml.SequenceNode):
            found += [(node, True) for node in root.value]
        elif isinstance(root, yaml.MappingNode):
            found.append((root, False))
    return found


def _starts(text: str, nodes: list[tuple[yaml.Node, bool]]) -> list[int]:
    """The offsets at which the pieces begin; [] where the rules do not each begin on a line of their own."""
    shift = len(text) - len(text.removeprefix("\ufeff"))
    starts: list[int] = []
    for number, (node, in_list) in enumerate(nodes):
        begins = node.start_mark.index + shift
        line = text.rfind("\n", 0, begins) + 1
        if in_list:
            before = text[line:begins]
            if before.strip() != "-":
                return []
            starts.append(line)
            continue
        marker = _marker(text, starts[-1] if starts else 0, begins)
        if number and marker is None:
            return []
        starts.append(0 if not number else marker or 0)
    return starts


def _marker(text: str, since: int, until: int) -> int | None:
    """The last line between two offsets that begins with ``---``."""
    at = text.rfind("\n---", since, until + 3)
    return None if at < 0 else at + 1


def _pieces(text: str, starts: list[int]) -> list[str]:
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _outdented(piece: str) -> str:
    """An item of a list as a text of its own: without its dash and the blanks that stood under it."""
    lines = piece.splitlines(keepends=True)
    dash = lines[0].index("-")
    width = dash + 1 + len(lines[0][dash + 1 :]) - len(lines[0][dash + 1 :].lstrip(" "))
    first = lines[0][width:]
    rest = [line[width:] if not line[:width].strip() else line.lstrip(" ") for line in lines[1:]]
    return "".join([first, *rest])


def _lines(node: yaml.Node, place: str) -> list[tuple[str, int]]:
    found = [(place, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inside = f"{place}.{key.value}" if place else str(key.value)
            found += [(inside, key.start_mark.line + 1), *_lines(value, inside)[1:]]
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            found += _lines(value, f"{place}[{number}]")
    return found
