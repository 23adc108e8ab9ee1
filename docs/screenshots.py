"""The pictures that the pages show, taken from a real browser: ``python -m docs.screenshots``, or ``make screenshots``.

The browser is driven by the script that stands with the browser tests; kept is only what some page shows.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
SCRIPT = ROOT / "tests" / "browser" / "screenshots.py"
TARGET = HERE / "screenshots"
TAIL = re.compile(r"(-en|-dark)*-(desktop|phone)$")


def shown() -> list[str]:
    """The files that README and docs show, ``why-en-desktop.png``."""
    pages = [*ROOT.glob("README*.md"), *HERE.glob("*.md")]
    return sorted(
        {name for page in pages for name in re.findall(r"screenshots/([\w-]+\.png)\)", page.read_text("utf-8"))}
    )


def main() -> int:
    wanted = shown()
    names = sorted({TAIL.sub("", Path(name).stem) for name in wanted})
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, str(SCRIPT), folder, *names], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
        TARGET.mkdir(exist_ok=True)
        for name in wanted:
            shutil.copyfile(Path(folder) / name, TARGET / name)
            print(f"docs/screenshots/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
