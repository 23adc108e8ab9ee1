"""What of a plugin's own needs a person now, in words for whoever looks: `tideng doctor`, readyz, the front page."""

from __future__ import annotations

from dataclasses import dataclass

from tideng.model.catalogue import Text


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at. `what`: its name, `said`: what happened, `way_out`: what to do, each in zh and en and
    without personal values; `subject`: the id of what it is about."""

    what: Text
    said: Text
    way_out: Text
    subject: str = ""
