"""Call one function with untrusted bytes in a process of its own, which may hang, use too much memory or die without
harm.

``python -P -m tideng.base.sandbox MODULE:FUNCTION SECONDS MEGABYTES [ARGUMENT …]`` is that process: it reads the bytes
from standard input, and writes the function's result as JSON to standard output. It gets neither settings nor secrets:
its environment only says where Python finds its modules. If the parent vanishes, the kernel ends the process after
SECONDS, whether it computes or sleeps.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from tideng.base.errors import TidengError

LARGEST_ANSWER = 1024 * 1024
_NO_MEMORY, _RAISED = 70, 71
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SYSTEMROOT")
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """How long a call may take (seconds of the clock, and of computing), and how much address space it may use."""

    seconds: int = 10
    megabytes: int = 1024


class SandboxFailed(TidengError):
    """The function gave no answer. `why`: ``time``, ``memory`` or ``died``."""

    def __init__(self, why: str, said: str):
        self.why = why
        super().__init__(said)


def call_sandboxed(function: str, content: bytes, *arguments: str, limits: SandboxLimits | None = None) -> Any:
    """Call ``MODULE:FUNCTION`` with `content` and `arguments`, and return its result. `function` is named by code,
    never by input.

    Raises `SandboxFailed` when it takes too long, needs too much memory, dies or raises.
    """
    limits = limits or SandboxLimits()
    command = [sys.executable, "-P", "-m", "tideng.base.sandbox", function, str(limits.seconds), str(limits.megabytes)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(
            [*command, *arguments],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=limits.seconds + _GRACE_S,
        )
    except subprocess.TimeoutExpired:
        raise SandboxFailed("time", f"{function} took longer than {limits.seconds} s") from None
    except OSError as error:
        raise SandboxFailed("died", f"{function} cannot be started: {error}") from error
    if done.returncode == 0 and len(done.stdout) <= LARGEST_ANSWER:
        return orjson.loads(done.stdout)
    raise _unanswered(function, done.returncode, done.stdout)


def _unanswered(function: str, status: int, out: bytes) -> SandboxFailed:
    if status in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
        return SandboxFailed("time", f"{function} was stopped")
    if status == _NO_MEMORY:
        return SandboxFailed("memory", f"{function} needs more memory than it may have")
    if status == _RAISED:
        return SandboxFailed("died", f"{function} raised {out[:100].decode('ascii', 'replace')}")
    return SandboxFailed("died", f"{function} ended with status {status}")


# -- the process -----------------------------------------------------------------------------------------------------
def main(function: str, seconds: str, megabytes: str, *arguments: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    limit(int(seconds), int(megabytes))
    module, _, name = function.partition(":")
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    try:
        chosen: Callable[..., Any] = getattr(importlib.import_module(module), name)
        answer = orjson.dumps(chosen(sys.stdin.buffer.read(), *arguments))
    except MemoryError:
        os._exit(_NO_MEMORY)
    except Exception as error:
        os.write(out, type(error).__name__.encode("ascii", "replace"))  # no more: its text may hold what was read
        os._exit(_RAISED)
    with os.fdopen(out, "wb") as stream:
        stream.write(answer)


def limit(seconds: int, megabytes: int) -> None:
    """Bind this process: time, memory, no files written, no core left behind that would hold what was read."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    room = megabytes * 1024 * 1024
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, room),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main(*sys.argv[1:])
