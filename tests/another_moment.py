"""A pytest plugin: collect the suite at another moment than now. See tests/test_collection.py."""

from __future__ import annotations

import os
from datetime import datetime

import time_machine

_travel = time_machine.travel(datetime.fromisoformat(os.environ["TESTS_COLLECTED_AT"]), tick=True)
_travel.start()
