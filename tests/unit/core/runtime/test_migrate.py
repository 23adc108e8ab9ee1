"""The migrated database is the one the code expects, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from tests.unit.core.plugins.plugin_world import entry, hookimpl
from tideng.base.errors import TidengError
from tideng.runtime.migrate import behind, is_current, migrate
from tideng.store.database import reading, writing
from tideng.store.tables import Base, LaneRow, PluginRow


class Garden:
    """A plugin with a table of its own, whose versions are in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder

    @hookimpl
    def migrations(self) -> str:
        return str(self.folder)


def a_version(folder: Path, number: str, before: str | None, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{number}_step.py").write_text(
        f'"""Step {number}"""\nfrom alembic import op\nimport sqlalchemy as sa\n'
        f"revision, down_revision = {number!r}, {before!r}\nbranch_labels = depends_on = None\n\n"
        f"def upgrade():\n    {body}\n"
    )


def test_migrating_an_empty_database_gives_exactly_the_tables_of_the_code(a_deployment, database_url):
    deployment = a_deployment(database_url, found=[])
    with reading(deployment.engine) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or "alembic_" not in name,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
        assert list(connection.scalars(select(LaneRow.id).order_by(LaneRow.id))) == list(range(64))


def test_a_table_that_the_migrations_forgot_would_be_noticed(a_deployment, database_url):
    deployment = a_deployment(database_url, found=[])
    with writing(deployment.engine) as connection:
        connection.execute(text("ALTER TABLE note DROP COLUMN updated_at"))
    with reading(deployment.engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) != []


def test_migrating_twice_changes_nothing(a_deployment, database_url):
    deployment = a_deployment(database_url, found=[], migrated=False)
    assert not is_current(deployment)
    assert {line.split()[0] for line in migrate(deployment)} == {"core:"}
    assert migrate(deployment) == []
    assert is_current(deployment)


def test_a_plugin_keeps_a_version_table_of_its_own_and_may_be_removed(a_deployment, database_url, tmp_path):
    versions = tmp_path / "versions"
    a_version(versions, "0001", None, 'op.create_table("garden_tree", sa.Column("id", sa.Integer, primary_key=True))')
    with_garden = a_deployment(database_url, found=[entry("garden", Garden(versions))])
    assert inspect(with_garden.engine).has_table("garden_tree")
    assert inspect(with_garden.engine).has_table("alembic_version_garden")

    without = a_deployment(database_url, found=[])
    assert is_current(without)
    assert migrate(without) == []
    assert inspect(without.engine).has_table("garden_tree")

    a_version(
        versions, "0002", "0001", 'op.create_table("garden_bench", sa.Column("id", sa.Integer, primary_key=True))'
    )
    back = a_deployment(database_url, found=[entry("garden", Garden(versions))], migrated=False)
    assert behind(back) == ["garden"]
    assert migrate(back) == ["garden: 0002 Step 0002"]


def test_a_plugin_whose_migration_fails_is_switched_off_and_leaves_nothing_half_done(
    a_deployment, database_url, tmp_path
):
    broken, sound = tmp_path / "broken", tmp_path / "sound"
    a_version(broken, "0001", None, 'op.create_table("half", sa.Column("id", sa.Integer)); op.execute("SELEKT 1")')
    a_version(sound, "0001", None, 'op.create_table("whole", sa.Column("id", sa.Integer))')
    deployment = a_deployment(database_url, found=[entry("broken", Garden(broken)), entry("sound", Garden(sound))])
    states = {state.name: state.state for state in deployment.plugins.states}
    assert states == {"broken": "failed", "sound": "on"}
    assert inspect(deployment.engine).has_table("whole")
    assert not inspect(deployment.engine).has_table("half")
    with reading(deployment.engine) as connection:
        rows = dict(connection.execute(select(PluginRow.name, PluginRow.state)).all())
    assert rows == states


def test_a_database_of_a_newer_version_is_refused_with_a_clear_word(a_deployment, database_url):
    deployment = a_deployment(database_url, found=[])
    with writing(deployment.engine) as connection:
        connection.execute(text("UPDATE alembic_version_core SET version_num = '9999'"))
    with pytest.raises(TidengError, match="newer version"):
        migrate(deployment)
    assert not is_current(deployment)
