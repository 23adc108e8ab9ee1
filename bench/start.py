"""How long the command line takes to start: the help, and the check of one file, each beside a bare interpreter.

``python -m bench.start`` prints the figures. The ratio to ``python -c pass`` is what to compare between machines.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.checking import documents
from bench.rows import Row, median, median_ratio, row, table
from tideng_rules.document.yaml_writer import to_yaml

HELP_S, CHECK_S = 0.35, 0.8
"""What a person waits for without thinking of it, on two quiet cores."""
_BARE = "a bare interpreter"


def run(quick: bool = False) -> list[Row]:
    """The medians of the rounds, every command in turn in each of them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rule.yaml"
        file.write_text(to_yaml(_rule()) + "\n", "utf-8")
        commands = {
            _BARE: ("-c", "pass"),
            "tideng --help": ("-m", "tideng.cli", "--help"),
            "tideng rules check FILE": ("-m", "tideng.cli", "rules", "check", str(file)),
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(1 + (5 if quick else 15)):
            for name, arguments in commands.items():
                seconds = _seconds(arguments)
                if number:  # the first round writes the bytecode
                    taken[name].append(seconds)
    limits = {"tideng --help": HELP_S, "tideng rules check FILE": CHECK_S}
    return [
        row(
            name,
            median(found) * 1000,
            "ms",
            None if name == _BARE else median_ratio(found, taken[_BARE]),
            f"wanted below {limits[name] * 1000:.0f} ms" if name in limits else "",
        )
        for name, found in taken.items()
    ]


def _rule() -> dict[str, object]:
    """A rule that is checked without a complaint on what every deployment can speak of."""
    [document] = documents(1, 1)
    facts = {"event.needs.length": 5}
    examples = [
        {"name": "speaks", "at": "2026-03-02T10:00+08:00", "facts": facts, "expect": ["nudge person"]},
        {"name": "silent", "at": "2026-03-02T10:00+08:00", "facts": {}, "expect": []},
    ]
    condition = [{"fact": "event.needs.length", "lt": 100}]
    return {**document, "when": {"event": "report.submitted"}, "if": condition, "examples": examples}


def _seconds(arguments: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    print(table(run("--quick" in sys.argv)))


if __name__ == "__main__":
    main()
