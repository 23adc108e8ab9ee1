"""Stories that are told on the live path and replayed."""

from __future__ import annotations

import pytest
from story import Story


@pytest.fixture(params=["replay", "live sqlite", "live postgres"])
def story(request: pytest.FixtureRequest, tmp_path, a_deployment) -> Story:
    """A story that is replayed, and lived through on both databases."""
    url = request.getfixturevalue("postgres_url") if request.param == "live postgres" else None
    return Story(tmp_path / "client", request.param, a_deployment, url)


@pytest.fixture(params=["live sqlite", "live postgres"])
def lived(request: pytest.FixtureRequest, tmp_path, a_deployment) -> Story:
    """A story of late arrivals, stand-stills and edits, which only the live path knows."""
    url = request.getfixturevalue("postgres_url") if request.param == "live postgres" else None
    return Story(tmp_path / "client", request.param, a_deployment, url)
