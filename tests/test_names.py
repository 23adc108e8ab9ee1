"""A class name means one thing in its package, and a function takes few parameters. CONTRIBUTING.md says why."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.test_layout import ROOT, package_folders

MOST_PARAMETERS = 7
"""As many as a caller can keep apart; `self` and `cls` are not counted."""
_REASON = re.compile(r"(?:^|\.\s|\n)\s*Parameters: \w")
"""The sentence in a docstring that says why the function takes more."""


@cache
def modules() -> dict[str, dict[Path, ast.Module]]:
    """Installed package (`tideng`, `tideng_admin`, each plugin's) → its files, without migrations → their syntax trees."""
    found: dict[str, dict[Path, ast.Module]] = defaultdict(dict)
    for package, folder in package_folders().items():
        if ".migrations" not in package:
            for path in sorted(folder.glob("*.py")):
                found[package.split(".")[0]][path.relative_to(ROOT)] = ast.parse(path.read_text("utf-8"))
    return found


def shared_names(files: dict[Path, ast.Module]) -> dict[str, list[str]]:
    """Class names that more than one file of a package defines → those files. Classes inside classes have a scope of their own."""
    homes: dict[str, list[str]] = defaultdict(list)
    for path, tree in files.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path))
    return {name: paths for name, paths in homes.items() if len(paths) > 1}


def long_signatures(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """(name, line, parameters) of every function that takes more than MOST_PARAMETERS and does not say why."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            count = sum(one.arg not in ("self", "cls") for one in given)
            if count > MOST_PARAMETERS and not _REASON.search(ast.get_docstring(node) or ""):
                yield node.name, node.lineno, count


def test_no_class_name_means_two_things_in_one_package():
    shared = [
        f"{package}: class {name} is defined in {', '.join(paths)}"
        for package, files in modules().items()
        for name, paths in shared_names(files).items()
    ]
    assert not shared, "\n".join(
        [
            *shared,
            "Whoever reads such a name cannot tell which class is meant. Rename one of them, with all its uses, to a noun "
            "that says what only it is: `QueuedMessage` and `SnoozedMessage` rather than `Waiting` twice.",
        ]
    )


def test_no_function_takes_more_than_seven_parameters_without_a_reason():
    crowded = [
        f"{path}:{line}: {name} takes {count} parameters"
        for files in modules().values()
        for path, tree in files.items()
        for name, line, count in long_signatures(tree)
    ]
    assert not crowded, "\n".join(
        [
            *crowded,
            f"At most {MOST_PARAMETERS}, without self and cls. Put those that belong together into a frozen dataclass that names "
            "them, as `NudgeFilter` does in tideng/views/nudges.py. Where something else decides how many there are (click "
            "passes each option of a command as one), say so in the docstring, in a sentence that starts with “Parameters:”.",
        ]
    )


def test_every_package_is_looked_at():
    assert {"tideng", "tideng_rules", "tideng_admin"} | {f"tideng_{one.name}" for one in plugins()} <= modules().keys()
    assert all(files for files in modules().values())


def plugins() -> list[Path]:
    return [path.parent.parent for path in (ROOT / "plugins").glob("*/tideng_*/__init__.py")]


def test_a_class_name_that_two_files_define_is_found():
    files = {Path(name): ast.parse(source) for name, source in _TWO_FILES.items()}
    assert shared_names(files) == {"Step": ["a.py", "b.py"]}


_TWO_FILES = {"a.py": "class Step: ...\nclass Path:\n    class Line: ...", "b.py": "class Step: ...\nclass Line: ..."}


def test_eight_parameters_are_found_and_a_reason_lets_them_pass():
    source = '''
class Report:
    def seven(self, a, b, c, d, /, e, *, f, g=1): ...
    def eight(self, a, b, c, d, /, e, *, f, g, h): ...
    def silent(self, a, b, c, d, e, f, g, h):
        """Write the report. The parameters are many."""
    def says_why(self, a, b, c, d, e, f, g, h):
        """Write the report.

        Parameters: the library calls this with all of them.
        """
'''
    assert [(name, count) for name, _line, count in long_signatures(ast.parse(source))] == [("eight", 8), ("silent", 8)]
