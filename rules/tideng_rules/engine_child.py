"""The engine's process: ``python -m tideng_rules.engine_child``. Reads questions, then batches; see `wire`.

It may die or hang at any time, which is why it is a process: its parent kills it, starts another, and lets closures
judge meanwhile. It ends when its input does; a parent that vanished while the C code loops is survived by no more than the
alarm, which the kernel delivers without the interpreter's help.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tideng_rules.ast_json import questions_from_text
from tideng_rules.durable import DurableMatcher
from tideng_rules.wire import batch_from_line


def main(alarm_s: float) -> None:
    """Serve until the input ends; die when one line takes longer than `alarm_s` seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    read, out = sys.stdin.buffer.readline, sys.stdout.buffer
    questions = questions_from_text(read())
    after = _fault_from(os.environ)
    signal.setitimer(signal.ITIMER_REAL, alarm_s)
    matcher = DurableMatcher(questions)
    out.write(b"[]\n")
    out.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)
    while line := read():
        signal.setitimer(signal.ITIMER_REAL, alarm_s)
        answers = matcher.match(batch_from_line(line))
        after(answers)
        out.write(orjson.dumps(answers) + b"\n")
        out.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)
    matcher.close()


def _fault_from(environment: Mapping[str, str]) -> Callable[[list[list[str]]], Any]:
    """For tests: with TIDENG_TEST_FAULTS="segv:RULE,hang:RULE" this process does so when that rule holds."""
    faults = dict(
        reversed(fault.split(":", 1)) for fault in environment.get("TIDENG_TEST_FAULTS", "").split(",") if fault
    )
    if not faults:
        return lambda answers: None

    def act(answers: list[list[str]]) -> None:
        for rule_id in (rule_id for held in answers for rule_id in held if rule_id in faults):
            if faults[rule_id] == "segv":
                os.kill(os.getpid(), signal.SIGSEGV)
            while True:
                pass

    return act


if __name__ == "__main__":
    main(float(sys.argv[1]))
