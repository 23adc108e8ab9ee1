"""One engine process and the pipes to it. It answers in time, or it counts as failed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tideng.base.errors import TidengError
from tideng_rules.engine.closures import Batch
from tideng_rules.engine.durable_program import DurableProgram

_AHEAD = 2  # lines on their way: the child works on one while the next is written
_CHUNK = 1 << 16


class ChildFailed(TidengError):
    """The engine's process died, did not answer in time (`hung`), said something that is no answer, or could not load the
    engine (`unloadable`), which no other try will change."""

    def __init__(self, said: str, hung: bool = False, unloadable: bool = False):
        self.hung, self.unloadable = hung, unloadable
        super().__init__(said)


class Child:
    """A running engine process with its rulesets built. Raises `ChildFailed` if it does not come up in `build_s`.

    `deadline_s` is how long each line may take; `owner` the process that may talk to it.
    """

    def __init__(self, compiled: DurableProgram, deadline_s: float, build_s: float = 10.0):
        self.owner = os.getpid()
        self._compiled = compiled
        self._deadline_s = deadline_s
        self._incoming = bytearray()
        self._outgoing = bytearray()
        alarm_s = max(deadline_s, build_s) * 3  # for an orphan; a parent that lives kills it sooner
        try:
            rulesets = orjson.dumps([[shard.definition, shard.ids] for shard in compiled.shards]) + b"\n"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tideng_rules.engine.engine_child", str(alarm_s)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except (OSError, TypeError) as error:
            raise ChildFailed(f"the engine's process cannot be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._pipes = (self._process.stdin, self._process.stdout)
        self._to, self._from = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        for built in self._exchange([rulesets], build_s):
            if isinstance(built, dict):
                self.kill()
                raise ChildFailed(str(built["unloadable"]), unloadable=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def serves(self, compiled: DurableProgram) -> bool:
        """Whether it answers for these rules as well, and from now on with them: its rulesets are the same."""
        if not compiled.same_shards(self._compiled):
            return False
        self._compiled = compiled
        return True

    def ask(self, groups: Iterable[Batch]) -> Iterator[list[list[str] | None]]:
        """Ask about groups of situations; give for each group in turn the rules that hold, by situation, None for one that
        the engine cannot be asked. Raises `ChildFailed`, after which the child is gone.

        Take them all: an answer left in the pipe would be taken for that to the next question."""
        asked: deque[tuple[int, list[int], list[tuple[int, int]]]] = deque()
        for fired in self._exchange(self._written(groups, asked), self._deadline_s):
            size, unasked, origin = asked.popleft()
            held: list[list[str] | None] = [[] for _ in range(size)]
            for at, *places in fired:
                situation, shard = origin[at]
                ids = self._compiled.shards[shard].ids
                held[situation] += [ids[place] for place in places]
            for situation in unasked:
                held[situation] = None
            yield held

    def _written(self, groups: Iterable[Batch], asked: deque) -> Iterator[bytes]:
        """The groups as the child reads them; in `asked` their size, who was left out, and whose each fact is."""
        facts_for = self._compiled.facts_for
        for group in groups:
            unasked: list[int] = []
            origin: list[tuple[int, int]] = []
            lines: list[str] = []
            for situation, (question, facts) in enumerate(group):
                found = facts_for(question, facts)
                if found is None:
                    unasked.append(situation)
                    continue
                for shard, fact in found:
                    origin.append((situation, shard))
                    lines.append(f"{shard} {fact}\n")
            asked.append((len(group), unasked, origin))
            yield f"{len(lines)}\n{''.join(lines)}".encode()

    def kill(self) -> None:
        """End it at once; harmless if it is dead. In a forked process only its copies of the pipes are closed."""
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()
        for pipe in self._pipes:
            pipe.close()

    def _exchange(self, lines: Iterable[bytes], deadline_s: float) -> Iterator[Any]:
        lines, waiting, more = iter(lines), 0, True
        due = time.monotonic() + deadline_s
        while True:
            while more and waiting < _AHEAD:
                line = next(lines, None)
                more = line is not None
                if line is not None:
                    self._outgoing += line
                    waiting += 1
            if not waiting:
                return
            yield self._answer(due, deadline_s)
            waiting -= 1
            due = time.monotonic() + deadline_s

    def _answer(self, due: float, deadline_s: float) -> Any:
        try:
            while (end := self._incoming.find(b"\n")) < 0:
                self._move(due)
            answer = orjson.loads(self._incoming[:end])
        except TimeoutError:
            self.kill()
            raise ChildFailed(f"no answer within {deadline_s:g} s", hung=True) from None
        except (OSError, ValueError):
            raise ChildFailed(self._last_words()) from None
        del self._incoming[: end + 1]
        return answer

    def _move(self, due: float) -> None:
        """Write and read what the pipes take now, or wait until they take something."""
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        if self._outgoing:
            poll.register(self._to, select.POLLOUT)
        ready = dict(poll.poll(max(0.0, due - time.monotonic()) * 1000))
        if not ready:
            raise TimeoutError
        if self._outgoing and self._to in ready:
            del self._outgoing[: os.write(self._to, self._outgoing[:_CHUNK])]
        if self._from in ready:
            chunk = os.read(self._from, _CHUNK)
            if not chunk:
                raise OSError("it ended")
            self._incoming += chunk

    def _last_words(self) -> str:
        try:
            status = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        if status is None:
            return "gave something that is no answer"
        if status < 0:
            return f"died of {signal.Signals(-status).name}"
        return f"ended with status {status}"
