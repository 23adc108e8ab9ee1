"""A rule together with the place it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tideng_rules.document.merge import Conflict
from tideng_rules.document.model import Rule


@dataclass(frozen=True, slots=True)
class Source:
    """One rule with where it was written: a pack, or a file of the client.

    `made_from`: the pack, its version and the client's parameters, as {"pack", "version", "parameters"}; None for a file
    that stands alone. `conflicts`: where an override and a later version of its pack both changed a thing.
    """

    rule: Rule
    origin: str
    made_from: Mapping[str, Any] | None = None
    conflicts: tuple[Conflict, ...] = ()
