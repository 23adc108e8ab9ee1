"""What in a plugin needs a person now, for `tideng doctor`, readyz and the front page."""

from __future__ import annotations

from dataclasses import dataclass

from tideng.model.catalogue import Text


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at. `what`: its name. `said`: what happened. `way_out`: what to do. Each in zh and en,
    without personal data. `subject`: the id of what it is about."""

    what: Text
    said: Text
    way_out: Text
    subject: str = ""
