"""Read JSON without losing anything: an object that has a key twice is told from one that has it once.

Python's reader keeps the last of the values. Which one the sender meant is unknown, so intake refuses such an event.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any


class RepeatedKeys(dict[str, Any]):
    """A JSON object in which a key occurs more than once. As a mapping it has the last value of each key;
    `items` gives every pair, so that what is kept of a refused event shows them all."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        return list(self._pairs)

    @property
    def repeated(self) -> tuple[str, ...]:
        """The keys that occur more than once, in the order of the text."""
        return tuple(key for key, times in Counter(key for key, _ in self._pairs).items() if times > 1)


def read_json(text: str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Parse a JSON text; an object with a key twice becomes `RepeatedKeys`.

    `parse_constant` is called with ``NaN`` and ``Infinity``, as in `json.loads`. Raises `json.JSONDecodeError`,
    ValueError for a number of too many digits, RecursionError for too many levels.
    """
    return json.loads(text, object_pairs_hook=_object, parse_constant=parse_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else RepeatedKeys(pairs)
