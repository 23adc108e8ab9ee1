"""The pictures in docs/screenshots: ``python -m docs.screenshots``, or ``make screenshots``.

They are taken in a browser from the running demo, by the script that stands with the browser tests.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "tests" / "browser" / "screenshots.py"


def main() -> int:
    if not SCRIPT.is_file():
        print(f"{SCRIPT} is not here: the pictures cannot be taken", file=sys.stderr)
        return 1
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
