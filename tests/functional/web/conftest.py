"""A prepared deployment for every test: made once, then copied; what templates and passwords cost is paid once, too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from webstory import PASSWORD, WebStory
from werkzeug.security import generate_password_hash

from tideng.database import writing
from tideng.deployment import Deployment
from tideng.schema import migrate
from tideng.settings import Settings


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a small client with its web prepared and its logins made."""
    folder = tmp_path_factory.mktemp("prepared")

    def build(*, clock, **settings) -> Deployment:
        deployment = Deployment.open(Settings(folder=folder, **settings), clock)
        migrate(deployment)
        return deployment

    story = WebStory(build, folder)
    with writing(story.deployment.engine) as connection:
        # each sign-in checks the password as ever, against a hash that is quicker to count than a real one
        quick = {"hash": generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")}
        connection.execute(text("UPDATE ab_user SET password = :hash"), quick)
    story.deployment.close()
    return folder / "tideng.db"


@pytest.fixture
def a_story(tmp_path: Path, a_deployment, prepared: Path) -> Callable[..., WebStory]:
    """Make a small client with its web, and nobody told anything yet; takes settings."""
    folder = tmp_path / "story"
    folder.mkdir()
    shutil.copy(prepared, folder / "tideng.db")
    return lambda **settings: WebStory(lambda **more: a_deployment(folder=folder, **more), tmp_path, **settings)


@pytest.fixture
def story(a_story: Callable[..., WebStory]) -> WebStory:
    """A small client with its web, and nobody told anything yet."""
    return a_story()
