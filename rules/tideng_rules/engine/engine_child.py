"""The engine's process: ``python -m tideng_rules.engine.engine_child ALARM_SECONDS``. Reads rulesets, then batches of facts.

First line in: the rulesets, ``[[definition, rule ids], …]``; out: ``[]`` once they are built, or ``{"unloadable": WHY}`` where
the engine cannot be loaded, which ends the process. Then batches: a line with
the number of facts, and each fact on a line of its own, ``SHARD {…}``; out: one line ``[[fact's place, rule's place, …],
…]`` of what fired. Facts are numbers in numbered fields (see `durable_primitives`): nothing personal and no text crosses.

It may die or hang at any time, which is why it is a process: its parent kills it, starts another, and lets closures
judge meanwhile. It ends when its input does. A parent that vanishes while the C code loops is outlived by no more than the
alarm, which the kernel delivers without the interpreter's help; asking to be killed with the parent would mean its
*thread*, and end the child too soon.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

import orjson

from tideng_rules.engine.durable_program import places_of


def main(alarm_s: float) -> None:
    """Serve until the input ends; be killed when one batch takes longer than `alarm_s` seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    read, out = sys.stdin.buffer.readline, sys.stdout.buffer
    rows = orjson.loads(read())
    signal.setitimer(signal.ITIMER_REAL, alarm_s)
    try:
        from tideng_rules.engine.durable import Ruleset
    except ImportError as error:  # only now, so that the parent hears of it: nobody reads this process's stderr
        out.write(orjson.dumps({"unloadable": str(error)}) + b"\n")
        return
    rulesets = [Ruleset(definition) for definition, _ in rows]
    check = _fault_from(os.environ, [ids for _, ids in rows])
    out.write(b"[]\n")
    out.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)
    while header := read():
        signal.setitimer(signal.ITIMER_REAL, alarm_s)
        answer = []
        for at in range(int(header)):
            shard, _, fact = read().decode().partition(" ")
            fired = rulesets[int(shard)].fire(fact)
            if fired:
                places = check(int(shard), places_of(fired))
                answer.append([at, *places])
        out.write(orjson.dumps(answer) + b"\n")
        out.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


def _fault_from(environment: Mapping[str, str], ids: Sequence[Sequence[str]]) -> Callable[[int, list[int]], list[int]]:
    """For tests: with TIDENG_TEST_FAULTS="segv:RULE,hang:RULE,deny:RULE" this process does so when that rule holds."""
    told = environment.get("TIDENG_TEST_FAULTS", "")
    faults = {rule: fault for fault, _, rule in (one.partition(":") for one in told.split(",") if one)}

    def check(shard: int, places: list[int]) -> list[int]:
        found = {place: faults.get(ids[shard][place]) for place in places}
        if "segv" in found.values():
            os.kill(os.getpid(), signal.SIGSEGV)
        while "hang" in found.values():
            pass
        return [place for place, fault in found.items() if fault != "deny"]

    return check if faults else lambda shard, places: places


if __name__ == "__main__":
    main(float(sys.argv[1]))
