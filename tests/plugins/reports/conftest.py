from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.processes.engine_story import EngineStory
from tideng.runtime.deployment import Deployment


@pytest.fixture
def engine_story(tmp_path: Path, a_deployment: Callable[..., Deployment]) -> EngineStory:
    """A client on a Thursday at ten, on SQLite."""
    return EngineStory(a_deployment, tmp_path)


@pytest.fixture
def on_both(tmp_path: Path, a_deployment: Callable[..., Deployment], database_url: str) -> EngineStory:
    """The same, once on SQLite and once on PostgreSQL."""
    return EngineStory(a_deployment, tmp_path, database_url)
