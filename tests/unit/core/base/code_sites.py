"""Every place in the code that makes a problem, a message or an error with a code, read from the code itself.

A function that takes a parameter called ``code`` passes codes on: its callers count as places too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MADE = {
    "Problem": 1,
    "Unreadable": 1,
    "Sentence": 0,
    "NotFound": 0,
    "NotAllowed": 0,
    "PluginRefused": 0,
    "CommandFailed": 0,
    "InvalidValue": 0,
    "NotSpoken": 0,
    "BrokenArchive": 0,
    "_Refused": 1,
    "Refused": 0,
    "InvalidRule": 0,
    "InvalidBundle": 0,
    "InvalidSettings": 0,
    "InvalidPayload": 0,
    "InvalidProcess": 0,
}
"""Class → which of its arguments is a code (of a `Refused`, what was refused, where that is a text)."""


@dataclass(frozen=True)
class Site:
    """One place: its codes, none where `what` is an expression that cannot be read; and the parameters, None if unread."""

    where: str
    codes: tuple[str, ...]
    params: frozenset[str] | None
    what: str


def sites(*roots: Path) -> list[Site]:
    files = [file for root in roots for file in sorted(root.rglob("*.py"))]
    trees = {file: ast.parse(file.read_text("utf-8")) for file in files}
    passing = _passing_on(trees.values())
    return [site for file, tree in trees.items() for site in _in_file(f"{file.parent.name}/{file.name}", tree, passing)]


def _passing_on(trees: Iterable[ast.Module]) -> dict[str, tuple[int, int]]:
    """Function → which of its arguments is the code, and which the parameters; of methods without `self`."""
    found = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
                if "code" in names and "params" in names:
                    found[node.name] = (names.index("code"), names.index("params"))
    return found


def _in_file(file: str, tree: ast.Module, passing: dict[str, tuple[int, int]]) -> Iterator[Site]:
    assigned = _assigned(tree)
    here = {name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for name in _given_codes(node)}
    here |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in MADE and not isinstance(node.func, ast.Attribute):
            code_at, params_at = MADE[name], MADE[name] + 1
        elif name in passing and len(node.args) <= passing[name][1] + 2 and _passes_on(node, name, here):
            code_at, params_at = passing[name]
        else:
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        code = node.args[code_at] if len(node.args) > code_at else given.get("code")
        params = node.args[params_at] if len(node.args) > params_at else given.get("params")
        if code is None or (name in MADE and MADE[name] == 0 and _is_message(code)):
            continue
        where = f"{file}:{node.lineno}"
        yield Site(where, tuple(_literals(code, assigned)), _names(params), ast.unparse(code))


def _given_codes(function: ast.FunctionDef) -> Iterator[str]:
    """The function itself, where it takes a code, and those that it is given and may call with one."""
    names = [argument.arg for argument in function.args.args]
    if "code" in names:
        yield function.name
    for argument in function.args.args:
        if argument.annotation is not None and ast.unparse(argument.annotation) == "Add":
            yield argument.arg


def _passes_on(node: ast.Call, name: str, here: set[str]) -> bool:
    """Whether this is a call of such a function: by its name, or of an object that takes problems."""
    if isinstance(node.func, ast.Attribute):
        taker = ast.unparse(node.func.value).rpartition(".")[2].lstrip("_")
        return taker in ("problems", "notes", "reader", "complaints") or (taker == "self" and name in here)
    return name in here


def _is_message(node: ast.expr) -> bool:
    return isinstance(node, ast.Call | ast.Name | ast.Attribute)


def _assigned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.IfExp | ast.Tuple):
                    for number, one in enumerate(target.elts):
                        if isinstance(one, ast.Name):
                            found.setdefault(one.id, []).extend(_part(node.value, number))
        elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _part(value: ast.expr, number: int) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [*_part(value.body, number), *_part(value.orelse, number)]
    return [value.elts[number]] if isinstance(value, ast.Tuple) and len(value.elts) > number else []


def _literals(node: ast.expr, assigned: dict[str, list[ast.expr]], depth: int = 0) -> Iterator[str]:
    """The codes that an expression can be: literals, choices between them, and names that were given some."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, assigned, depth)
        yield from _literals(node.orelse, assigned, depth)
    elif isinstance(node, ast.Name) and depth < 2:
        for value in assigned.get(node.id, ()):
            yield from _literals(value, assigned, depth + 1)
    elif isinstance(node, ast.Subscript):
        yield from _table(node.value, assigned)
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "next":
        for argument in node.args:
            yield from _literals(argument, assigned, depth)
            if isinstance(argument, ast.GeneratorExp):
                yield from _table(argument.generators[0].iter, assigned)


def _table(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The codes in a table that the code is looked up in: the values of a mapping, the last of each pair."""
    for value in assigned.get(ast.unparse(node), ()):
        if isinstance(value, ast.Dict):
            for one in value.values:
                yield from _literals(one, {})
        elif isinstance(value, ast.Tuple):
            for one in value.elts:
                if isinstance(one, ast.Tuple) and one.elts:
                    yield from _literals(one.elts[-1], {})


def _names(params: ast.expr | None) -> frozenset[str] | None:
    if params is None:
        return frozenset()
    if isinstance(params, ast.Dict) and all(isinstance(key, ast.Constant) for key in params.keys):
        return frozenset(key.value for key in params.keys)  # type: ignore[union-attr]
    return None
