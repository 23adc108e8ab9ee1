"""A prepared deployment for every test: made once, then copied; what templates and passwords cost is paid once, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from webstory import WebStory, copied

from tideng.runtime.deployment import Deployment


@pytest.fixture
def a_story(tmp_path: Path, a_deployment: Callable[..., Deployment]) -> Callable[..., WebStory]:
    """Make a small client with its web, and nobody told anything yet; takes settings."""
    folder = copied(tmp_path / "story")
    return lambda **settings: WebStory(lambda **more: a_deployment(folder=folder, **more), tmp_path, **settings)


@pytest.fixture
def story(a_story: Callable[..., WebStory]) -> WebStory:
    """A small client with its web, and nobody told anything yet."""
    return a_story()
