"""Run the engine's tests and the demo's evening on every Python that setup.cfg names: ``python3 tests/pythons.py``.

``make test-pythons`` calls it. It looks for ``python3.N`` on PATH and in the versions of pyenv (PYENV_ROOT), or takes the
interpreters that it is given, makes an environment ``.venv-3.N`` for each, and ends with 1 when a test failed. A version
that is not on the machine is said and is no failure; ``--missing`` lists those and does nothing else, for `.ci/run`.
Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    "tests/unit/rules/engine",
    "tests/functional/cli/test_running.py",
    "tests/functional/rules/test_another_engine.py",
)
"""The engine by itself; in real processes, with the demo's evening; and what is said where it cannot be loaded."""
_PROBE = """
import ensurepip, sys, sysconfig, venv
from pathlib import Path
assert not sysconfig.get_config_var("Py_GIL_DISABLED"), "a free-threaded build has no stable ABI"
assert Path(sysconfig.get_path("include"), "Python.h").is_file(), "its C headers are not there"
print("%d.%d" % sys.version_info[:2])
"""


def named() -> list[str]:
    """The versions that setup.cfg names, such as 3.12, oldest first."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    versions = re.findall(r"Programming Language :: Python :: (3\.\d+)$", setup["metadata"]["classifiers"], re.M)
    return sorted(versions, key=lambda version: int(version.split(".")[1]))


def version_of(python: str) -> str:
    """The version of an interpreter that Tideng can be installed with, "" where it cannot: pyenv puts commands on PATH that
    only say in which versions they exist, and Debian ships a Python without ``venv`` or C headers."""
    try:
        said = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def candidates(version: str, environment: Mapping[str, str]) -> Iterable[str]:
    """Where an interpreter of this version may be, the likeliest first."""
    folders = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    for folder in folders:
        if found := shutil.which(f"python{version}", path=str(folder)):
            yield found
    roots = [environment.get("PYENV_ROOT", ""), *(str(folder.parent) for folder in folders if folder.name == "shims")]
    for root in dict.fromkeys(filter(None, roots)):
        for folder in sorted(Path(root, "versions").glob(f"{version}.*"), reverse=True):
            yield str(folder / "bin" / f"python{version}")


def find(versions: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Version → interpreter, for those that are on this machine."""
    found = {}
    for version in versions:
        for python in candidates(version, environment):
            if version_of(python) == version:
                found[version] = python
                break
    return found


def run(version: str, python: str) -> bool:
    """Make the environment where it is not there yet, and run the tests in it."""
    venv = f".venv-{version}"
    made = [
        os.environ.get("MAKE", "make"),
        "--no-print-directory",
        f"VENV={venv}",
        f"PYTHON={python}",
        f"{venv}/.engines",
    ]
    if subprocess.run(made, cwd=ROOT, check=False).returncode:
        return False
    pytest = [f"{venv}/bin/python", "-m", "pytest", "-q", "-n", os.environ.get("JOBS", "2"), "--dist", "loadfile"]
    return (
        subprocess.run([*pytest, "-p", "no:cacheprovider", "-m", "not slow", *TESTS], cwd=ROOT, check=False).returncode
        == 0
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="*", help="interpreters; without any, those that are found")
    parser.add_argument("--missing", action="store_true", help="list the versions that are not found, and end")
    parser.add_argument(
        "--except", dest="but", default="", metavar="VERSION", help="a version that is tested otherwise"
    )
    asked = parser.parse_args(arguments)
    wanted = [version for version in named() if version != asked.but]
    if asked.pythons:
        found = {version_of(python): python for python in asked.pythons}
        if "" in found:
            parser.error(
                f"{found['']}: no Python that Tideng can be installed with (are its venv and its C headers there?)"
            )
    else:
        found = find(wanted, os.environ)
    if asked.missing:
        print("\n".join(version for version in wanted if version not in found))
        return 0
    said, failed = [f"{version}: not on this machine" for version in wanted if version not in found], False
    for version, python in found.items():
        print(f"\n-- Python {version}: {python}", flush=True)
        passed = run(version, python)
        failed |= not passed
        said.append(f"{version}: {'passed' if passed else 'FAILED'}")
    print("\nPython", *sorted(said), sep="\n  ")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
