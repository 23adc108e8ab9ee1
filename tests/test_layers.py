"""Who may import whom. The packages are held by import-linter (setup.cfg); the libraries by reading every import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.test_layout import ROOT, package_folders, setup_cfg, words

FLASK = (
    "flask",
    "flask_appbuilder",
    "flask_babel",
    "flask_login",
    "flask_wtf",
    "flask_limiter",
    "werkzeug",
    "wtforms",
    "gunicorn",
)
SCREENS = r"tideng_\w+\.screens(\..+)?"
"""The modules of a plugin that may import Flask and the admin panel."""
ONLY = {
    "durable_rules_engine": r"tideng_rules\.engine\.durable",
    "durable": r"nobody",  # its Host starts threads that cannot be stopped
    "huey": r"tideng\.base\.bell",
    "pickle": r"tideng_rules\.packaging\.reader",  # its own bytes, made in the same process: a copy for each who asks
    **dict.fromkeys(FLASK, rf"tideng_admin(\..+)?|{SCREENS}"),
}
"""Library → who alone may import it."""


def modules() -> dict[str, Path]:
    """Every module of every package → its file."""
    found = {}
    for package, folder in package_folders().items():
        for path in folder.glob("*.py"):
            found[package if path.stem == "__init__" else f"{package}.{path.stem}"] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file. Kept: every test of this module reads every file."""
    return ast.parse(path.read_text("utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def offenders(library: str, allowed: str) -> list[str]:
    return [
        name
        for name, path in modules().items()
        if any(i.split(".")[0] == library for i in imports(path)) and not re.fullmatch(allowed, name)
    ]


def test_the_contracts_between_the_packages_hold():
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "kept" in run.stdout


@pytest.mark.parametrize("library", ONLY)
def test_a_library_stays_with_its_one_owner(library):
    assert offenders(library, ONLY[library]) == []


def test_an_import_in_the_wrong_place_would_be_noticed():
    assert offenders("sqlalchemy", "nobody") != []


def test_a_plugin_imports_only_the_core_and_the_plugins_it_requires():
    wrong = []
    for name, path in modules().items():
        own = name.split(".")[0]
        if own in ("tideng", "tideng_rules", "tideng_admin"):
            continue
        allowed = {"tideng", own, *(f"tideng_{one}" for one in required_by(own))}
        if re.fullmatch(SCREENS, name):
            allowed.add("tideng_admin")
        tops = {i.split(".")[0] for i in imports(path)}
        wrong += [(name, top) for top in tops if top.startswith("tideng") and top not in allowed]
    assert wrong == []


def required_by(package: str) -> tuple[str, ...]:
    """The value of ``requires = (…)`` in a plugin's class, read without importing it."""
    for node in ast.walk(parsed(package_folders()[package] / "plugin.py")):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "requires" for t in node.targets):
            return tuple(ast.literal_eval(node.value))
    return ()


def test_every_library_that_is_imported_is_a_declared_dependency():
    normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()  # noqa: E731
    declared = {
        normal(re.match(r"[\w.-]+", line).group()) for line in words(setup_cfg()["options"]["install_requires"])
    }
    homes = packages_distributions()
    undeclared = set()
    for name, path in modules().items():
        for top in {i.split(".")[0] for i in imports(path)}:
            if top in sys.stdlib_module_names or top.startswith("tideng") or top == "__future__":
                continue
            if not declared & {normal(d) for d in homes.get(top, [top])}:
                undeclared.add((name, top))
    assert undeclared == set()


def test_no_module_keeps_state_that_changes():
    """A list, dict or set at module level is a constant (its name says so, in capitals) or does not exist."""
    wrong = []
    for name, path in modules().items():
        for node in parsed(path).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            if isinstance(getattr(node, "value", None), (ast.List, ast.Dict, ast.Set)):
                wrong += [
                    (name, t.id)
                    for t in targets
                    if isinstance(t, ast.Name) and not t.id.isupper() and t.id != "__all__"
                ]
        wrong += [(name, "global") for node in ast.walk(parsed(path)) if isinstance(node, ast.Global)]
    assert wrong == []
