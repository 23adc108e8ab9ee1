"""The folders are what setup.cfg says they are."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ("platform", "rules", "admin", "plugins")
OUTSIDE_PACKAGES = {"admin/frontend/install.py"}
"""What runs before anything is installed: it builds the front end."""
TEXTS = {".py", ".md", ".cfg", ".toml", ".txt", ".html", ".css", ".js", ".yaml", ".yml", ".sh", ""}


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def words(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def package_folders() -> dict[str, Path]:
    """Every package that is installed → its folder."""
    options = setup_cfg()["options"]
    roots = dict(re.split(r"\s*=\s*", line) for line in words(options["package_dir"]))
    folders = {}
    for package in words(options["packages"]):
        top = max((name for name in roots if f"{package}.".startswith(f"{name}.")), key=len)
        folders[package] = ROOT / roots[top] / package[len(top) :].strip(".").replace(".", "/")
    return folders


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone: what belongs to the project cannot be told from what was made here")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_every_package_that_is_installed_is_there():
    missing = {p: str(f) for p, f in package_folders().items() if not f.is_dir()}
    assert missing == {}


def test_every_package_that_is_there_is_installed():
    there = {path.parent for source in SOURCES for path in (ROOT / source).rglob("__init__.py")}
    assert there - set(package_folders().values()) == set()


def test_every_module_lies_in_an_installed_package():
    folders = set(package_folders().values())
    stray = {
        str(p.relative_to(ROOT))
        for source in SOURCES
        for p in (ROOT / source).rglob("*.py")
        if p.parent not in folders and "node_modules" not in p.parts
    }
    assert stray == OUTSIDE_PACKAGES


LARGEST_FOLDER = 18
"""Modules in one folder: as many names as a newcomer reads at a glance. Aim at fifteen."""


def test_no_folder_holds_more_modules_than_a_newcomer_can_survey():
    counts = {
        str(folder.relative_to(ROOT)): len([p for p in folder.glob("*.py") if p.stem != "__init__"])
        for folder in package_folders().values()
        if folder.name not in ("versions", "migrations")
    }
    crowded = {folder: count for folder, count in counts.items() if count > LARGEST_FOLDER}
    assert crowded == {}, (
        f"at most {LARGEST_FOLDER} modules belong in one folder: split {', '.join(crowded)} by what its modules are about, "
        "give the new folder a noun of the field and a docstring in its __init__.py, and add it to `packages` in setup.cfg"
    )


def test_every_folder_says_what_it_holds():
    silent = [
        package
        for package, folder in package_folders().items()
        if (folder / "__init__.py").is_file()
        and not ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    ]
    assert silent == [], "write one sentence into each folder's __init__.py: what a newcomer finds there"


def test_the_tests_mirror_the_folders_they_test():
    """Below tests/unit and tests/functional, the folders of core and rules bear the names of the folders they test."""
    rooms = {"core": "tideng", "rules": "tideng_rules"}
    stray = [
        str(folder.relative_to(ROOT))
        for kind in ("unit", "functional")
        for area, package in rooms.items()
        for folder in (ROOT / "tests" / kind / area).glob("*/")
        if folder.name != "__pycache__" and f"{package}.{folder.name}" not in package_folders()
    ]
    assert stray == [], "name a folder of tests like the folder of modules that it tests"


def test_the_plain_folders_hide_nothing_of_the_standard_library():
    assert [
        str(f)
        for f in ("platform", "platform/core", "plugins", "rules", "admin")
        if (ROOT / f / "__init__.py").exists()
    ] == []
    said = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.system())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip()


def test_every_entry_point_names_a_module_that_exists():
    folders = package_folders()
    for line in words(
        setup_cfg()["options.entry_points"]["tideng"] + setup_cfg()["options.entry_points"]["console_scripts"]
    ):
        package, _, module = line.split("=")[1].strip().partition(":")[0].rpartition(".")
        found = folders[package] / module
        assert found.with_suffix(".py").is_file() or found.is_dir(), line


def test_no_code_of_others_is_kept_here():
    names = {"vendor", "vendored", "third_party", "node_modules", "site-packages", "_vendor", "external"}
    theirs = [
        p
        for p in tracked()
        if names & set(p.relative_to(ROOT).parts) or p.name.endswith((".min.js", ".min.css", ".whl", ".so"))
    ]
    assert theirs == []


def test_nothing_in_the_project_knows_where_it_was_built():
    this_machine = re.compile(r"/(?:work|root|home/\w+|Users)/[\w.-]+")
    known = {}
    for path in tracked():
        if path.suffix in TEXTS and path != Path(__file__) and path.name != "LICENSE":
            found = this_machine.findall(path.read_text("utf-8", "ignore"))
            if found:
                known[str(path.relative_to(ROOT))] = found[:3]
    assert known == {}


def test_every_dependency_is_bounded_and_pinned():
    parser = setup_cfg()
    wanted = words(parser["options"]["install_requires"] + "\n" + "\n".join(parser["options.extras_require"].values()))
    normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()  # noqa: E731
    pinned = {normal(line.split("==")[0]) for line in words((ROOT / "constraints.txt").read_text()) if "==" in line}
    for line in wanted:
        name = re.match(r"[\w.-]+", line).group()
        assert re.search(r"[<>=]", line), f"{line}: no version"
        assert normal(name) in pinned, f"{name}: not in constraints.txt, run make constraints"
