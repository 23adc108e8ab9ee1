"""Who may import whom. The packages are held by import-linter (setup.cfg); the libraries by reading every import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import packages_distributions, version
from itertools import pairwise
from pathlib import Path

import pytest

from tests.test_layout import ROOT, package_folders, setup_cfg, words
from tideng.plugins.door import homes_of

PROMISED = ROOT / "tests" / "data" / "doors"

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
    "durable_rules_engine": r"tideng_rules\.engine\.abi\.loader",
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


def runtime_imports(tree: ast.AST) -> set[str]:
    """Every module that is imported when the program runs: all imports but those below ``if TYPE_CHECKING``."""
    names: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return names


def rooms_of(package: str) -> dict[str, dict[str, list[str]]]:
    """Folder or module at the top of a package → what it imports there → by which modules."""
    known = modules()
    found: dict[str, dict[str, list[str]]] = {}
    for name, path in known.items():
        parts = name.split(".")
        if parts[0] != package or len(parts) == 1 or path.parent.name in ("versions", "migrations"):
            continue
        for imported in runtime_imports(parsed(path)):
            theirs = imported.split(".")
            if theirs[0] == package and len(theirs) > 1 and ".".join(theirs[:2]) in known and theirs[1] != parts[1]:
                found.setdefault(parts[1], {}).setdefault(theirs[1], []).append(name)
    return found


@pytest.mark.parametrize("package", sorted({name.split(".")[0] for name in package_folders()}))
def test_the_folders_of_a_package_import_one_another_in_one_direction(package):
    rooms = rooms_of(package)
    try:
        TopologicalSorter({room: set(theirs) for room, theirs in rooms.items()}).prepare()
    except CycleError as circle:
        around = circle.args[1]
        steps = [
            f"{imported} is imported by {', '.join(sorted(set(rooms[room][imported])))}"
            for imported, room in pairwise(around)
            if imported in rooms.get(room, ())
        ]
        pytest.fail(
            f"{package}: {' → '.join(around)} import one another in a circle: {'; '.join(steps)}. Carry what both need to the "
            "lower folder, or pass the value in as an argument."
        )


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


def test_the_engine_is_loaded_by_the_one_module_that_uses_it():
    loader = "tideng_rules.engine.abi.loader"
    assert [name for name, path in modules().items() if loader in imports(path)] == ["tideng_rules.engine.durable"]


def test_an_import_in_the_wrong_place_would_be_noticed():
    assert offenders("sqlalchemy", "nobody") != []


PLATFORM = ("tideng", "tideng_rules", "tideng_admin")
PLUGIN_DOOR, SCREENS_DOOR = "tideng.plugin", "tideng_admin.screens"


def past_the_door(name: str, path: Path) -> set[str]:
    """The modules of Tideng that a plugin's module imports and may not."""
    own = name.split(".")[0]
    plugins = {own, *(f"tideng_{one}" for one in required_by(own))}
    doors = {PLUGIN_DOOR, SCREENS_DOOR} if re.fullmatch(SCREENS, name) else {PLUGIN_DOOR}
    theirs = {i for i in imported_from(path) if i.split(".")[0].startswith("tideng")}
    return {i for i in theirs if i.split(".")[0] not in plugins and i not in doors}


def imported_from(path: Path) -> set[str]:
    """The modules that a file imports, or imports names from, also inside functions."""
    tree = parsed(path)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module and not n.level}


def test_a_plugin_reaches_the_platform_through_its_door_alone():
    """A plugin imports `tideng.plugin`, in its screens also `tideng_admin.screens`, and the plugins it requires."""
    wrong = {
        name: past
        for name, path in modules().items()
        if name.split(".")[0] not in PLATFORM and (past := past_the_door(name, path))
    }
    assert wrong == {}, f"import from {PLUGIN_DOOR} (pages: {SCREENS_DOOR}); what it lacks, add to its SHELVES"


DOORS = {PLUGIN_DOOR: "tideng_plugin.txt", SCREENS_DOOR: "tideng_admin_screens.txt"}
"""Door → the file in tests/data/doors with the names it has promised."""


@pytest.mark.parametrize("door", DOORS)
def test_a_type_checker_sees_the_same_names_behind_a_door_as_python(door):
    module = import_module(door)
    tree = parsed(Path(module.__file__))
    [block] = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    seen = {(a.asname or a.name): f"{n.module}:{a.name}" for n in block.body for a in n.names}
    assert seen == homes_of(module.SHELVES), "run make docs: it draws the imports from SHELVES"
    here = {"ICONS", "Screen"} & vars(module).keys()
    assert set(module.__all__) == seen.keys() | here, "run make docs: it draws __all__ from SHELVES"


@pytest.mark.parametrize("door", DOORS)
def test_every_name_behind_a_door_is_there(door):
    module = import_module(door)
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []


@pytest.mark.parametrize("door", DOORS)
def test_no_name_leaves_a_door_without_a_deprecation(door):
    """The file holds every name that was ever promised; one that left carries the version in which it began to warn."""
    module = import_module(door)
    lines = (PROMISED / DOORS[door]).read_text("utf-8").splitlines()
    promised = dict(line.partition(" leaving ")[::2] for line in lines)
    minor = tuple(map(int, version("tideng").split(".")[:2]))
    broken = [
        name
        for name, since in promised.items()
        if name not in module.__all__
        and name not in module.LEAVING
        and not (since and tuple(map(int, since.split("."))) < minor)
    ]
    assert broken == [], (
        f"these names are promised to plugins. Move them from SHELVES to LEAVING in {door}, with the version and what to use"
        f" instead, and write 'NAME leaving VERSION' in tests/data/doors/{DOORS[door]}; they may go in the minor version after it"
    )
    leaving = {name: since for name, since in promised.items() if name in module.LEAVING}
    assert leaving == {name: one.since for name, one in module.LEAVING.items()}
    new = sorted({*module.__all__} - {*promised})
    assert new == [], f"add these names to tests/data/doors/{DOORS[door]}: from now on they are promised"


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


TABLES = {
    # the store reads and writes; these folders of the core keep state of their own in its tables or answer one page's
    # question with one statement over several of them (views, privacy)
    "tideng.store.tables": r"tideng\.(store|migrations|outbox|judging|replay|runtime|responses|views|privacy)\..+",
    "tideng_rules.lifecycle.tables": r"tideng_rules\.(lifecycle|packaging|rollout|migrations|plugin)(\..+)?",
    "tideng_processes.tables": r"tideng_processes\..+",
    "tideng_orgchart.tables": r"tideng_orgchart\..+",
    "tideng_travel.tables": r"tideng_travel\..+",
}
"""Module of tables → the modules that may import it."""
READS_TABLES_STILL = {
    "tideng_processes.tables": {
        "tideng_followup.improvement_items",
        "tideng_followup.lost_customers",
        "tideng_reports.report_history",
        "tideng_travel.claims",
        "tideng_travel.comparison_card",
        "tideng_travel.prefill",
        "tideng_travel.trips",
    },
}
"""Modules that read another's tables and wait for a query of its owner. This list only gets shorter."""


@pytest.mark.parametrize("tables", TABLES)
def test_only_its_owners_import_a_module_of_tables(tables):
    readers = {name for name, path in modules().items() if tables in imports(path)}
    strangers = {name for name in readers if not re.fullmatch(TABLES[tables], name)}
    assert strangers == READS_TABLES_STILL.get(tables, set()), (
        f"{tables} belongs to {TABLES[tables]}: ask a function of its owner (tideng.store.event_reading, .findings, .agenda, "
        ".state_spans; tideng.outbox.rows; tideng_rules.lifecycle.versions), or add one there that returns values"
    )


def test_every_module_of_tables_has_an_owner():
    found = {
        name for name, path in modules().items() if name.endswith(".tables") and "__tablename__" in path.read_text()
    }
    assert found == TABLES.keys()


def test_only_the_outbox_writes_its_rows():
    """Which message is in which state is decided in one module; everybody else says what should happen to it."""
    writers = set()
    for name, path in modules().items():
        for call in (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)):
            of_row = [one for one in call.args if isinstance(one, ast.Name) and one.id == "OutboxRow"]
            if of_row and re.search(r"\b(insert|update|delete)\b", ast.unparse(call.func)):
                writers.add(name)
    assert writers == {"tideng.outbox.rows"}
