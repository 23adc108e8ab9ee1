"""The command ``tideng`` in a process of its own that has loaded everything already.

A fresh Python spends a second and more on imports before a command begins. Here one process has them loaded and forks
for each call, so that every call still has its own process, folder, environment, standard streams and exit status.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

LOADED = "run setup doctor ingest look held replay client".split()
MODES = "rww"  # standard input, output, error


class Warm:
    """Gives what `subprocess.run` would give."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], input: str, patience: int
    ) -> subprocess.CompletedProcess[str]:
        """Call ``tideng ARGUMENTS`` in `folder`; whoever is not done after `patience` seconds is ended."""
        with tempfile.TemporaryDirectory(prefix="tideng-call-") as kept:
            streams = [Path(kept) / name for name in ("in", "out", "err")]
            for path, text in zip(streams, (input, "", ""), strict=True):
                path.write_text(text, "utf-8")
            call = [list(arguments), str(folder), dict(environment), list(map(str, streams)), patience]
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(call) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            out, err = (path.read_text("utf-8") for path in streams[1:])
            return subprocess.CompletedProcess(list(arguments), status, out, err)

    def close(self) -> None:
        self._process.communicate(timeout=10)


def _load() -> None:
    """What the commands import; nothing is opened."""
    for name in LOADED:
        import_module(f"tideng.cli.{name}")
    for group in ("tideng.commands", "tideng"):
        for entry in entry_points(group=group):
            with suppress(Exception):  # a command that cannot be loaded says so when it is called
                entry.load()


def _call(arguments: list[str], folder: str, environment: dict[str, str], streams: list[str], patience: int) -> int:
    from tideng.cli import main

    signal.alarm(patience)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, (path, mode) in enumerate(zip(streams, MODES, strict=True)):
        with open(path, mode + "b") as stream:
            os.dup2(stream.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(open(number, mode + "b", closefd=False), "utf-8")  # noqa: SIM115  # open until the call ends
        for number, mode in enumerate(MODES)
    )
    sys.argv = ["tideng", *arguments]
    return main(arguments)


def _answer() -> None:
    """Answer each line of standard input, a call in JSON, with its exit status."""
    _load()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 70
            try:
                status = _call(*json.loads(line))
            finally:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _answer()
