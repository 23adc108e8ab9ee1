"""Which engine judges, and why it is not the one that was asked for: said once, by the process whose engine it is.

Closures judge whatever happens, so nobody notices by the answers that durable-rules is not there. Each process that judges
therefore looks at its engine between batches and keeps a note in the database while another one judges than was asked for;
`tideng doctor`, readyz and the day board read it. A note counts for ten minutes and is renewed every two, so that one left
by a process that was killed is soon nobody's; of a process on this machine that is gone it does not count at all.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog

from tideng.base.text import phrase
from tideng.model.catalogue import Text
from tideng.model.judge_contract import EngineState
from tideng.store.deployment_notes import drop_notes, recent_notes, write_note

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tideng_rules.engine.closures import ClosureMatcher
    from tideng_rules.engine.supervisor import SupervisedMatcher

log = structlog.get_logger("tideng.rules")
UNLOADABLE, LOST = "unloadable", "lost"
"""Why another engine judges: it cannot be loaded here at all, or its process was lost and no new one has come up yet."""
_WHY: Mapping[str, Text] = MappingProxyType(
    {
        UNLOADABLE: phrase("the engine cannot be loaded on this Python"),
        LOST: phrase("the engine’s process was lost"),
    }
)
_WAY_OUT: Mapping[str, Text] = MappingProxyType(
    {
        UNLOADABLE: phrase(
            'install Tideng anew for this Python (docs/deployment.md, “Which Python”) and start the workers again, or set engine = "closures" in tideng.toml'
        ),
        LOST: phrase(
            'a new process is tried by itself, within a minute; if it stays so, see the worker’s log, or set engine = "closures" in tideng.toml'
        ),
    }
)
_PREFIX = "engine:"
_COUNTS_FOR = timedelta(minutes=10)
_RENEWED_EVERY = timedelta(minutes=2)


def state_of(asked: str, matcher: ClosureMatcher | SupervisedMatcher | None) -> EngineState:
    """What this process's engine says of itself; one that was not started yet is taken to be as asked."""
    judging = getattr(matcher, "engine", asked)
    if judging == asked:
        return EngineState(asked, asked)
    failure = getattr(matcher, "failure", None)
    return _state(
        asked, judging, UNLOADABLE if failure is not None and failure.unloadable else LOST, str(failure or "")
    )


def _state(asked: str, judging: str, cause: str, detail: str) -> EngineState:
    known = cause if cause in _WHY else LOST
    return EngineState(asked, judging, known, _WHY[known], _WAY_OUT[known], detail)


class EngineNotes:
    """What this process has noted of its engine in the database, and when."""

    def __init__(self) -> None:
        self._noted: EngineState | None = None
        self._at: datetime | None = None

    def news(self, state: EngineState, now: datetime) -> bool:
        """Whether the database is to hear of it: it changed, or the note is about to count no more."""
        if state.as_asked:
            return self._at is None or self._noted is not None
        old = self._at is None or abs(now - self._at) >= _RENEWED_EVERY
        return old or state != self._noted

    def write(self, connection: Connection, state: EngineState, now: datetime) -> None:
        """Note the state, or take the note back; in a transaction that writes."""
        key = f"{_PREFIX}{socket.gethostname()[:80]}:{os.getpid()}"
        drop_notes(connection, _PREFIX, now - _COUNTS_FOR, key)
        if state != self._noted:
            if not state.as_asked:
                log.error("another engine judges", asked=state.asked, judging=state.judging, why=state.detail)
            elif self._noted is not None:
                log.warning("the engine judges again", engine=state.judging)
        if not state.as_asked:
            value = {"asked": state.asked, "judging": state.judging, "cause": state.cause, "detail": state.detail}
            write_note(connection, key, value, now)
        self._noted, self._at = (None if state.as_asked else state), now


def noted(connection: Connection, asked: str, now: datetime) -> EngineState | None:
    """The newest note of a process whose engine is not `asked`; None where all is as asked. One query."""
    for key, value in recent_notes(connection, _PREFIX, now - _COUNTS_FOR):
        if value.get("asked") == asked and not _is_gone(key):
            return _of_note(value)
    return None


def _of_note(value: Mapping[str, Any]) -> EngineState:
    return _state(*(str(value.get(name, "")) for name in ("asked", "judging", "cause", "detail")))


def _is_gone(key: str) -> bool:
    """Whether the note is of a process on this machine that has ended."""
    host, _, pid = key.removeprefix(_PREFIX).rpartition(":")
    if host != socket.gethostname()[:80]:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, and alive
        return False
    return False
