"""Write a new migration: ``python -m tideng.migrations.make PART FOLDER METADATA "What it does"``.

An empty SQLite database is migrated to where FOLDER stands and compared with METADATA (``tideng.store.tables:Base.metadata``);
the difference becomes the next numbered file. Read it before you commit it: a renamed column looks like a new one.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, DateTime, MetaData

from tideng.runtime.migrate import _script, run, version_table
from tideng.store.columns import Moment
from tideng.store.database import open_engine, writing

_HEAD = '''"""{message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
'''


def make(part: str, folder: Path, metadata: MetaData, message: str) -> Path:
    """Write the next version file of `part`; return its path."""
    script = _script(folder)
    before = script.get_current_head()
    revision = f"{int(before or 0) + 1:04d}"
    with tempfile.TemporaryDirectory() as temporary:
        engine = open_engine(f"sqlite:///{temporary}/empty.db")
        with writing(engine) as connection:
            run(connection, part, folder, lambda revisions, _: script._upgrade_revs("heads", revisions))
            changes = produce_migrations(_context(connection, part, metadata), metadata).upgrade_ops
        engine.dispose()
    assert changes is not None  # produce_migrations always fills it in
    body = render_python_code(changes, render_item=_plain_moment)
    body = "\n".join(line for line in body.splitlines() if "# ###" not in line).strip() or "pass"
    name = "_".join(message.lower().split())
    path = folder / f"{revision}_{name}.py"
    path.write_text(_HEAD.format(message=message, revision=revision, before=before, body=body), "utf-8")
    return path


def _context(connection: Connection, part: str, metadata: MetaData) -> MigrationContext:
    options = {"version_table": version_table(part), "target_metadata": metadata, "compare_type": True}
    return MigrationContext.configure(connection, opts=options)


def _plain_moment(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A migration must not change when `Moment` does."""
    return repr(DateTime(timezone=True)).replace("DateTime", "sa.DateTime") if isinstance(item, Moment) else False


if __name__ == "__main__":
    part, folder, where, message = sys.argv[1:]
    module, _, attribute = where.partition(":")
    print(make(part, Path(folder), attrgetter(attribute)(import_module(module)), message))
