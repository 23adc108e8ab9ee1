"""What docstrings and comments mention: files, pages, dotted names and names in backticks; and whether it exists."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from tests.test_layers import modules
from tests.test_layout import ROOT, tracked

_URL = re.compile(r"https?://\S+")
_FILE = re.compile(r"(?<![\w*{<./-])((?:[\w.-]+/)*[\w-]+\.(?:py|md|cfg|toml|html|js|sh))(?![\w/])")
_PAGE = re.compile(r"\bdocs(?:: *\w[\w ]*|/[\w/.-]*\w)")
_DOTTED = re.compile(r"(?<![\w./])(tideng(?:_\w+)?(?:\.\w+)+)")
_NAME = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.\w+)*)(?:\(\))?`(?!`)")
_WORDS = re.compile(r"""[rbf]*["'][\w.$/ :,{}-]{1,60}["']""")
ELSEWHERE = {
    "tideng.toml": "a deployment's settings",
    "env.py": "a file of Alembic's that is not needed",
    "file.py": "an example of a place in a log",
    "page.js": "a script that a plugin brings",
    "NAME/page.html": "a template that a plugin brings",
    "sqlite.org/wal.html": "SQLite's documentation",
    "studio.js": "built by `make install`",
}
"""Files that are mentioned and are not in the repository."""


def mentions(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of every comment and docstring, those of attributes included."""
    text = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def gone_in(path: Path) -> list[str]:
    """What the comments and docstrings of a module mention and nobody can find, as ``LINE: NAME``."""
    gone = []
    for line, text in mentions(path):
        text = _URL.sub("", text)
        names = [name for name in _FILE.findall(text) if not is_file(name)]
        names += [name for name in _PAGE.findall(text) if not (ROOT / name).exists()]
        names += [name for name in _DOTTED.findall(text) if not is_dotted_name(name)]
        names += [name for name in _NAME.findall(text) if not is_name(name)]
        gone += [f"{line}: {name}" for name in dict.fromkeys(names)]
    return gone


def is_file(name: str) -> bool:
    """Whether the repository has such a file, or one whose path ends so."""
    return name in ELSEWHERE or any(one == name or one.endswith("/" + name) for one in _files())


def is_dotted_name(name: str) -> bool:
    """Whether it is a module, a name in one, a text of the code (a group of entry points), or a file such as tideng.toml."""
    if name in ELSEWHERE or name in (ROOT / "setup.cfg").read_text("utf-8"):
        return True
    parts = name.split(".")
    if name in modules() or name in _texts():
        return True
    module, _, attribute = name.rpartition(".")
    if module in modules():
        return attribute in names_of(module)
    owner, _, outer = module.rpartition(".")
    return len(parts) > 2 and owner in modules() and outer in names_of(owner) and attribute in names_of(owner)


def is_name(name: str) -> bool:
    """Whether the code has such a name; for ``a.b``, whether b is in a module or class of the name a."""
    parts = name.split(".")
    if parts[0].startswith("tideng") and len(parts) > 1:
        return is_dotted_name(name)
    if not all(part in _words() for part in parts):
        return False
    if len(parts) == 2 and parts[0] in _by_last_part():
        return any(parts[1] in names_of(module) for module in _by_last_part()[parts[0]])
    a_constants = parts[0].isupper()  # what its value has cannot be read off the code
    return len(parts) < 2 or a_constants or tuple(parts[-2:]) in _pairs()


@cache
def _files() -> tuple[str, ...]:
    return tuple(str(path.relative_to(ROOT)) for path in tracked())


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"))


@cache
def names_of(module: str) -> frozenset[str]:
    """Every name that a module defines, imports or uses as an attribute, and the modules beside it in its folder."""
    found = {one.rpartition(".")[2] for one in modules() if one.rpartition(".")[0] == module}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return frozenset(found)


@cache
def _by_last_part() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for module in modules():
        found.setdefault(module.rpartition(".")[2], []).append(module)
    return found


@cache
def _words() -> frozenset[str]:
    """Every name in the code, and every word of its short texts: keys of documents are among them."""
    found: set[str] = set()
    for path in modules().values():
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
            if token.type == tokenize.NAME:
                found.add(token.string)
            elif token.type == tokenize.STRING and _WORDS.fullmatch(token.string):
                found.update(re.findall(r"\w+", token.string))
    return frozenset(found)


@cache
def _texts() -> frozenset[str]:
    """Every text of the code that is one dotted name."""
    nodes = (node for module in modules() for node in ast.walk(_tree(module)) if isinstance(node, ast.Constant))
    return frozenset(node.value for node in nodes if isinstance(node.value, str) and _DOTTED.fullmatch(node.value))


@cache
def _pairs() -> frozenset[tuple[str, str]]:
    """(a, b) for every ``a.b`` in the code and in its short texts, and for every member b of a class a."""
    found: set[tuple[str, str]] = set()
    for module in modules():
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.Attribute):
                owner = node.value
                outer = (
                    owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                )
                found.add((outer, node.attr))
            elif isinstance(node, ast.ClassDef):
                found.update((node.name, name) for name in _members(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 60:
                parts = re.findall(r"\w+", node.value)
                found.update(pairwise(parts))
    return frozenset(found)


def _members(node: ast.ClassDef) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one.name
        elif isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
