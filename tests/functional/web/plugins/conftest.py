"""What the tests of the plugins' pages share."""

from __future__ import annotations

import pytest

from tests.functional.web.plugins.process_office import Office


@pytest.fixture
def office(story) -> Office:
    return Office(story)
