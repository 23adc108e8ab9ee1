"""Rules that are the system's own and stand in no rule store: under these what it says to people by itself is on record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tideng.base.text import phrase
from tideng.model.judge_contract import Limit, OnEvent, Watch
from tideng.outbox import storm_control

NOTE = "tideng.note"
"""The rule under which a person is told that somebody left them a note."""
NOTE_WATCH = Watch(
    NOTE,
    1,
    "note",
    "note",
    OnEvent("note.left"),
    Limit("occurrence"),
    frozenset(),
    title=phrase("A note for you"),
    why=phrase("Only you and whoever left it can see what is in it"),
)
_WATCHES: Mapping[str, Watch] = MappingProxyType({storm_control.RULE: storm_control.WATCH, NOTE: NOTE_WATCH})


def system_watch(rule: str) -> Watch | None:
    """The watch of a rule of the system's own; None for every other."""
    return _WATCHES.get(rule)
