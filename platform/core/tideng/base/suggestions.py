"""The name that was probably meant, as a message: the way out of a problem with an unknown name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tideng.base.problems import Sentence


def nearest(name: object, among: Iterable[str]) -> Sentence | None:
    """``did you mean 'visits'?``; None where nothing is near."""
    found = difflib.get_close_matches(str(name)[:200], list(among), n=1, cutoff=0.6)
    return Sentence("did-you-mean", {"name": found[0]}) if found else None


def nearest_or_known(name: object, known: Iterable[str]) -> Sentence:
    """The nearest name, else all that are known."""
    known = list(known)
    return nearest(name, known) or Sentence("known-names", {"names": known})


def nearest_or_one_of(name: object, among: Iterable[str]) -> Sentence:
    """The nearest name, else all that are possible."""
    among = list(among)
    return nearest(name, among) or Sentence("one-of", {"names": among})
