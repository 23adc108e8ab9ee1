"""Every text that the code can put into a `Problem`, read from the code itself."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SAMPLES = ("'x'", "7", "a number", "")
"""What stands in a slot: a number, a kind of value, a name in quotes, nothing at all."""

_SAID = {"Problem", "Unreadable", "note", "_wrong", "_give_up"}
"""Calls of the form (place, problem, hint)."""
_RAISED = {"PluginRefused", "NotFound", "NotAllowed", "InvalidRule", "InvalidSettings", "InvalidBundle"}
_RAISED |= {"InvalidPayload", "Refused", "TidengError", "EOFError", "MarkedYAMLError"}
_SENTENCES = ("Complaint", "tuple[str, str] | None")
"""Functions of these types return (problem, hint)."""
_PAIRS = {"intake.py", "payload_schema.py", "bundle.py", "bundle_org.py", "wording.py"}
"""Files in which a literal pair of texts is (problem, hint)."""
_ANSWERS = {"plugins.py", "packs.py", "payload_schema.py", "bundle_org.py", "passwords.py"}
"""Files whose functions return bare sentences: a reason, a hint."""
_FOR_PROGRAMMERS = {"tables.py", "closures.py", "durable.py"}
"""Files whose ValueErrors tell of a fault in the code."""


class Said(NamedTuple):
    where: str
    variants: frozenset[str]
    """One sentence with its slots filled in every way; words for one of them are words for it."""


def texts(*roots: Path) -> list[Said]:
    found = []
    for file in sorted(file for root in roots for file in root.rglob("*.py")):
        for line, expression, scope in _expressions(ast.parse(file.read_text("utf-8")), file.name):
            for variants in _sentences(expression, scope):
                if _has_words(variants):
                    found.append(Said(f"{file.name}:{line}", variants))
    return found


Scope = Mapping[str, list[ast.expr]]


def _expressions(tree: ast.Module, file: str) -> Iterator[tuple[int, ast.expr, Scope]]:
    top = _assigned(tree.body)
    told: set[int] = set()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in reversed(functions):  # the inner ones first: their names are the nearer ones
        scope = {**top, **_assigned(list(ast.walk(function)))}
        answer = ast.unparse(function.returns) if function.returns else ""
        for node in ast.walk(function):
            if id(node) not in told:
                told.add(id(node))
                for one in _of_node(node, answer, file):
                    yield node.lineno, one, scope
    for node in ast.walk(tree):
        if isinstance(node, (ast.AnnAssign, ast.keyword)):
            name = node.arg if isinstance(node, ast.keyword) else getattr(node.target, "id", "")
            if name in ("default_error_messages", "error_messages") and isinstance(node.value, ast.Dict):
                for one in node.value.values:
                    yield one.lineno, one, top


def _assigned(nodes: list[ast.AST] | list[ast.stmt]) -> dict[str, list[ast.expr]]:
    scope: dict[str, list[ast.expr]] = {}
    for node in nodes:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name):
                scope.setdefault(target.id, []).append(node.value)
    return scope


def _of_node(node: ast.AST, answer: str, file: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if ast.unparse(node.func).endswith("terminal.note"):
            return  # says both languages itself
        if name in _SAID or (name == "add" and "problems" in ast.unparse(node.func)):
            yield from (one for one in node.args[1:3] if not isinstance(node.args[1], ast.Starred))
            yield from (value for key, value in given.items() if key in ("problem", "hint"))
        elif name == "_refuse":
            yield from node.args[2:4]
        elif name in _RAISED or (name == "ValueError" and file not in _FOR_PROGRAMMERS):
            yield from node.args[:1]
            yield from (value for key, value in given.items() if key == "problem")
        elif name == "_setting":
            yield from node.args[1:2]
        elif name in ("_text", "_mapping", "_list"):
            yield from node.args[2:3]
        elif name == "_matching":
            yield from node.args[4:5]
    elif isinstance(node, (ast.Return, ast.Yield)) and node.value is not None:
        if any(one in answer for one in _SENTENCES) or (answer == "str" and file in _ANSWERS):
            yield node.value
    elif isinstance(node, ast.Tuple) and file in _PAIRS and _is_complaint(node):
        yield node


def _is_complaint(node: ast.Tuple) -> bool:
    """A literal pair (problem, hint), whose first text is more than a word."""
    first = node.elts[0] if len(node.elts) == 2 else None
    text = ast.unparse(first) if isinstance(first, (ast.Constant, ast.JoinedStr)) else ""
    return isinstance(node.ctx, ast.Load) and " " in text


def _sentences(expression: ast.expr, scope: Scope) -> Iterator[frozenset[str]]:
    """The sentences that an expression can become, each as its variants."""
    if isinstance(expression, ast.Tuple):
        for one in expression.elts:
            yield from _sentences(one, scope)
    elif isinstance(expression, ast.IfExp):
        yield from _sentences(expression.body, scope)
        yield from _sentences(expression.orelse, scope)
    elif isinstance(expression, ast.BoolOp):
        for one in expression.values:
            yield from _sentences(one, scope)
    elif isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        for left, right in itertools.product(_sentences(expression.left, scope), _sentences(expression.right, scope)):
            yield frozenset(a + b for a in left for b in right)
    elif isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield frozenset({expression.value})
    elif isinstance(expression, ast.JoinedStr):
        parts = [_slot(one) for one in expression.values]
        yield frozenset("".join(map(str, chosen)) for chosen in itertools.product(*parts))
    elif isinstance(expression, ast.Name) and expression.id in scope:
        for one in scope[expression.id]:
            yield from _sentences(one, {})
    elif isinstance(expression, ast.Call):
        yield frozenset(SAMPLES)


def _slot(part: ast.expr) -> tuple[str, ...]:
    if isinstance(part, ast.Constant):
        return (part.value,)
    chosen = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(chosen, ast.IfExp) and isinstance(chosen.body, ast.Constant):
        return tuple(one.value for one in (chosen.body, chosen.orelse) if isinstance(one, ast.Constant))
    return SAMPLES


def _has_words(variants: frozenset[str]) -> bool:
    """Whether more than slots and marks is left: two letters that no sample brought in."""
    bare = min(variants, key=len)
    return bool(re.search(r"[A-Za-z]{2}", bare)) and not re.search(r"[\u4e00-\u9fff]", bare)
