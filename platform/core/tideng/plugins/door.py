"""The mechanism behind a door: a module that re-exports names of others, loads each when it is first asked for, and lets none
leave without a warning. `tideng.plugin` and `tideng_admin.screens` are doors."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Leaving:
    """A name that is about to leave a door. `home`: where it still lives (``module:attribute``); `since`: the minor version
    in which it began to warn (``0.2``), and until whose end it works; `instead`: what to use, in English."""

    home: str
    since: str
    instead: str


def homes_of(shelves: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Name → ``module:attribute``, for shelves that map a title to ``{module: "Name attribute=Name"}``."""
    return {name: home for homes in shelves.values() for name, home in _names(homes)}


def _names(homes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for module, words in homes.items():
        for word in words.split():
            attribute, _, name = word.partition("=")
            yield name or attribute, f"{module}:{attribute}"


def open_door(door: str, homes: Mapping[str, str], leaving: Mapping[str, Leaving]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` (PEP 562) of the module `door`: it imports a name's home when the name is first used.

    A name that is leaving works as before, with a `DeprecationWarning` at the place that uses it."""

    def get(name: str) -> Any:
        if name in leaving:
            one = leaving[name]
            # seen from the caller of the door, whose line is the one to change
            warnings.warn(f"{door}.{name} is deprecated since {one.since}; {one.instead}", DeprecationWarning, 2)
            return _load(one.home)
        if name not in homes:
            raise AttributeError(f"module {door!r} has no attribute {name!r}")
        value = _load(homes[name])
        setattr(sys.modules[door], name, value)  # the next use does not come here
        return value

    return get


def _load(home: str) -> Any:
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)
