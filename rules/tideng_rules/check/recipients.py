"""Whether the recipients of a rule can exist: a role somebody holds, a supervisor somebody has, an owner that is named.

Nobody is ever told nothing: HR is told where a recipient is not there. Yet a rule that always ends with HR was hardly meant so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tideng.base.errors import Problem
from tideng.base.suggestions import nearest_or_known
from tideng.model.catalogue import Catalogue
from tideng.model.judge_contract import Deed, OnSchedule
from tideng.org.directory import Directory
from tideng_rules.document.model import Rule

_HR_INSTEAD = "HR is told instead"


class Reach:
    """Whom the client's people allow a rule to reach. Without people nothing is said of them."""

    def __init__(self, catalogue: Catalogue, directory: Directory | None):
        self._catalogue, self._directory = catalogue, directory if directory else None

    @cached_property
    def _supervised(self) -> bool:
        return self._directory is None or any(period.supervisor for period in self._directory.everyone())

    @cached_property
    def locales(self) -> tuple[str, ...]:
        """The languages that the client's people read, as messages name them; () where there are no people."""
        if self._directory is None:
            return ()
        return tuple(sorted({period.locale.replace("-", "_") for period in self._directory.everyone()}))

    def problems(self, rule: Rule, deed: Deed, at: str) -> Iterator[Problem]:
        """What is wrong with the recipient of one deed, which stands at `at`."""
        to, at = deed.to, f"{at}.{deed.action}"
        if to == "supervisor" and not self._supervised:
            yield Problem(at, "no-supervisor", severity="warning")
        elif to == "owner" and rule.about in ("person", "case"):
            yield from self._owner(rule, at)
        elif to.startswith("role:") or to == "hr":
            yield from self._role(to.removeprefix("role:"), at)

    def _owner(self, rule: Rule, at: str) -> Iterator[Problem]:
        if isinstance(rule.trigger, OnSchedule):
            yield Problem(at, "schedule-without-owner", severity="warning")
            return
        names = getattr(rule.trigger, "event_types", None) or (rule.trigger.event_type,)
        for name in names:
            declared = self._catalogue.event_types.get(name)
            if declared and not declared.open and declared.field("owner") is None:
                yield Problem(at, "no-owner", {"type": name}, "warning")

    def _role(self, role: str, at: str) -> Iterator[Problem]:
        directory = self._directory
        if directory is None:
            return
        if role not in directory.roles and role != "hr":
            yield Problem(
                at, "unknown-role", {"name": role, "way_out": nearest_or_known(role, sorted(directory.roles))}
            )
        elif not any(directory.knows(person) for person in directory.roles.get(role, ())):
            yield Problem(at, "vacant-role", {"name": role}, "warning")
