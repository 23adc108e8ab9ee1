"""Migrate the database with Alembic: one version table for the core and one for each plugin.

A shared version table would name revisions of a plugin that was removed since, and every later command would fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from tideng.base.errors import CommandFailed
from tideng.runtime.deployment import Deployment
from tideng.store.database import is_sqlite, reading, writing

CORE = "core"
CORE_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"
_MIGRATION_LOCK = 0x7469_6465_6E67  # "tideng": PostgreSQL's advisory lock that migrating processes share


def migrate(deployment: Deployment) -> list[str]:
    """Bring the core's and every plugin's tables up to date; one line for each step; [] if there was nothing to do.

    Each part is one transaction. A plugin whose migration fails is switched off and the others go on; a failure of the
    core is raised, and so is, as `TidengError`, a database that a newer Tideng made.
    """
    lines = upgrade(deployment, CORE, CORE_VERSIONS)
    for name, folder in _plugin_folders(deployment):
        try:
            lines += upgrade(deployment, name, folder)
        except Exception as error:
            deployment.plugins.fail(name, error, "migrations")
            lines.append(f"{name}: failed, switched off: {error}")
    with writing(deployment.engine) as connection:
        deployment.note_plugins(connection)
    return lines


def behind(deployment: Deployment) -> list[str]:
    """The parts (``core``, plugin names) whose tables are not up to date."""
    with reading(deployment.engine) as connection:
        parts = [(CORE, CORE_VERSIONS), *_plugin_folders(deployment)]
        return [name for name, folder in parts if not is_latest(connection, name, folder)]


def is_latest(connection: Connection, part: str, folder: Path) -> bool:
    """Whether the tables of one part are at the newest version in `folder`."""
    return current(connection, part) == set(_script(folder).get_heads())


def is_current(deployment: Deployment) -> bool:
    """Whether all tables are at the newest version."""
    return not behind(deployment)


def current(connection: Connection, part: str) -> set[str]:
    """The revisions of `part` that the database has; empty before its first migration."""
    options = {"version_table": version_table(part)}
    return set(MigrationContext.configure(connection, opts=options).get_current_heads())


def version_table(part: str) -> str:
    """The table that holds the revision of the core or of a plugin."""
    return "alembic_version_" + re.sub(r"\W", "_", part)


def run(connection: Connection, part: str, folder: Path, step: Callable[..., Any], **options: Any) -> None:
    """Run Alembic's `step(revisions, context)` for one part over `connection`, without an env.py or an ini file."""
    script = _script(folder)
    with EnvironmentContext(Config(), script, fn=step) as environment:
        environment.configure(connection=connection, version_table=version_table(part), **options)
        environment.run_migrations()


def upgrade(deployment: Deployment, part: str, folder: Path) -> list[str]:
    """Bring the tables of one part up to date in one transaction: the core, a plugin, or another owner of tables.

    `folder` holds its version files. Returns one line per step; raises `TidengError` when a newer version made them.
    """
    script = _script(folder)
    done: list[str] = []

    def step(revision: Any, context: MigrationContext) -> list:
        try:
            steps = script._upgrade_revs("heads", revision)  # what alembic.command.upgrade calls
        except CommandError as error:
            raise CommandFailed("database-too-new", {"part": part, "why": error}) from None
        done.extend(f"{part}: {one.revision.revision} {one.revision.doc}" for one in steps)
        return steps

    with writing(deployment.engine) as connection:
        if not is_sqlite(connection):  # SQLite's BEGIN IMMEDIATE already lets one in at a time
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        run(connection, part, folder, step)
    return done


def _plugin_folders(deployment: Deployment) -> Iterator[tuple[str, Path]]:
    for name, folder in deployment.plugins.call_named("migrations"):
        yield name, Path(folder)


def _script(folder: Path) -> ScriptDirectory:
    return ScriptDirectory(str(folder), version_locations=[str(folder)])
