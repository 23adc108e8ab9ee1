"""What people may look at, authorised here and not in the screens: web, REST and command line read the same way.

Scope: hr, auditor, implementer and admin see everything; a supervisor sees the people below them and themselves;
everyone else sees what was said to them and what is held on them. Every read is one or two statements, however many
rows it returns.
"""

from __future__ import annotations

from tideng.viewing.figures import Counters, counters
from tideng.viewing.held import HeldView, held
from tideng.viewing.nudge_views import (
    STATUSES,
    Delivery,
    NudgeFilter,
    NudgeView,
    finding,
    nudges,
    siblings,
)
from tideng.viewing.paging import MAX_PAGE_SIZE, PAGE_SIZE, Page
from tideng.viewing.upkeep import (
    EventView,
    LetterView,
    PluginView,
    ScheduleView,
    event,
    events,
    letter,
    letters,
    outbox,
    plugins,
    schedule_runs,
)
from tideng.viewing.viewer import MENDS, SEES_ALL, Viewer, below, name_of

__all__ = [
    "MAX_PAGE_SIZE",
    "MENDS",
    "PAGE_SIZE",
    "SEES_ALL",
    "STATUSES",
    "Counters",
    "Delivery",
    "EventView",
    "HeldView",
    "LetterView",
    "NudgeFilter",
    "NudgeView",
    "Page",
    "PluginView",
    "ScheduleView",
    "Viewer",
    "below",
    "counters",
    "event",
    "events",
    "finding",
    "held",
    "letter",
    "letters",
    "name_of",
    "nudges",
    "outbox",
    "plugins",
    "schedule_runs",
    "siblings",
]
