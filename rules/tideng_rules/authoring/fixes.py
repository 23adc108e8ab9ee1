"""Fixes for the problems that the check finds: a value to put at a place of the document, offered as one button.

A fix is offered only if the document was checked with it, that problem was gone, and no new error stood in its place.
`fix_candidates` decides which fixes to try, `fix_texts` has their titles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tideng.base.errors import Problem
from tideng.model.catalogue import Catalogue
from tideng_rules.authoring.fix_candidates import Candidates, Fix
from tideng_rules.check.run import Checked
from tideng_rules.document.paths import put

__all__ = ["Fix", "helps", "mended"]

MOST_TRIED = 10
"""Candidates tried for one document: somebody is typing, and each trial is a whole check."""
Check = Callable[[Mapping[str, Any]], Iterable[Problem]]


def mended(document: Mapping[str, Any], found: Checked, catalogue: Catalogue, check: Check) -> list[tuple[Fix, ...]]:
    """For each problem found the fixes that make it go away, the likeliest first; at most two each.

    `check` gives the problems of a changed document; it is called at most `MOST_TRIED` times."""
    offered: list[tuple[Fix, ...]] = []
    candidates, tried = Candidates(document, found, catalogue), _Trials(document, check)
    for problem in found.problems:
        good: list[Fix] = []
        for fix in candidates.against(problem):
            if len(good) == 2 or len(tried) >= MOST_TRIED:
                break
            if _gone(fix, problem, found.problems, tried.after(fix)):
                good.append(fix)
        offered.append(tuple(good))
    return offered


class _Trials:
    """The problems of each changed document, checked once: two problems may have the same fix."""

    def __init__(self, document: Mapping[str, Any], check: Check):
        self._document, self._check = document, check
        self._after: dict[str, Sequence[Problem] | None] = {}

    def __len__(self) -> int:
        return len(self._after)

    def after(self, fix: Fix) -> Sequence[Problem] | None:
        key = f"{fix.place} {fix.value!r}"
        if key not in self._after:
            self._after[key] = _after(self._document, fix, self._check)
        return self._after[key]


def helps(document: Mapping[str, Any], fix: Fix, problem: Problem, before: Sequence[Problem], check: Check) -> bool:
    """Whether the fix removes the problem without a new error at its place."""
    return _gone(fix, problem, before, _after(document, fix, check))


def _after(document: Mapping[str, Any], fix: Fix, check: Check) -> Sequence[Problem] | None:
    """The problems of the changed document; None if the change cannot be made."""
    try:
        return list(check(put(document, fix.place, fix.value)))
    except (KeyError, IndexError, TypeError):
        return None


def _gone(fix: Fix, problem: Problem, before: Sequence[Problem], after: Sequence[Problem] | None) -> bool:
    if after is None:
        return False
    same = [one for one in after if (one.code, one.at) == (problem.code, problem.at)]
    if problem.code == "missing-key":  # all missing keys of a mapping have the same place
        same = [one for one in same if one.params == problem.params]
    if same and (fix.value is not None or len(after) >= len(before)):
        return False
    known = set(before)
    return not any(one.severity == "error" and one.at.startswith(fix.place) and one not in known for one in after)
