"""The web's tables have a history of their own: Flask-AppBuilder's and ours, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_appbuilder import Model
from sqlalchemy import inspect, select, text

from tideng.base.errors import TidengError
from tideng.runtime.migrate import current, upgrade
from tideng.store.database import reading, writing
from tideng_admin.app import setup
from tideng_admin.auth import accounts

OPTIONS = {
    "compare_type": True,
    "include_name": lambda name, kind, _: kind != "table" or name.startswith(("ab_", "web_")),
}
SECRET = "a secret for this test, long enough to sign"


def difference(deployment) -> list:
    with reading(deployment.engine) as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        return compare_metadata(context, [Model.metadata, accounts.Base.metadata])


@pytest.fixture
def deployment(a_deployment, database_url):
    return a_deployment(database_url, found=[], secret_key=SECRET)


def test_the_migrated_tables_are_those_of_the_code(deployment):
    assert upgrade(deployment, setup.PART, setup.VERSIONS)[0].startswith("admin: 0001 Create the web")
    assert difference(deployment) == []
    assert upgrade(deployment, setup.PART, setup.VERSIONS) == []
    with reading(deployment.engine) as connection:
        assert current(connection, "admin") == {"0001"}
        assert inspect(connection).has_table("alembic_version_admin")


def test_a_column_that_the_migrations_forgot_would_be_noticed(deployment):
    upgrade(deployment, setup.PART, setup.VERSIONS)
    with writing(deployment.engine) as connection:
        connection.execute(text("ALTER TABLE web_key DROP COLUMN hint"))
    assert difference(deployment) != []


def test_a_database_from_before_the_history_keeps_what_it_holds(deployment):
    Model.metadata.create_all(deployment.engine)
    accounts.Base.metadata.create_all(deployment.engine)
    with writing(deployment.engine) as connection:
        accounts.end_sessions(connection, 7)
    setup.prepare(deployment, "lanterns over the river")
    assert difference(deployment) == []
    with reading(deployment.engine) as connection:
        assert accounts.session_version(connection, 7) == 1
        assert connection.scalar(select(accounts.User.username)) == "admin"


def test_serving_old_tables_is_refused_with_what_to_do(deployment):
    with pytest.raises(TidengError, match="tideng migrate"):
        setup.require_current(deployment)
    setup.prepare(deployment, "lanterns over the river")
    setup.require_current(deployment)
