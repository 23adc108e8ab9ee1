"""What a file might make a library do. Called in a process of its own by the tests of `tideng.base.sandbox`."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from typing import Any


def turn_for_ever(content: bytes) -> None:
    while True:
        pass


def sleep(content: bytes) -> None:
    time.sleep(60)


def swell(content: bytes) -> int:
    return len(bytearray(1 << 30))


def crash(content: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def raise_something(content: bytes) -> None:
    raise ValueError(content.decode())


def say_too_much(content: bytes) -> str:
    return "x" * (2 << 20)


def look_around(content: bytes, *more: str) -> dict[str, Any]:
    print("a library says something")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
            file.flush()
        wrote = True
    except OSError:
        wrote = False
    return {"content": content.decode(), "more": more, "wrote": wrote, "secret": os.environ.get("TIDENG_SECRET_KEY")}
