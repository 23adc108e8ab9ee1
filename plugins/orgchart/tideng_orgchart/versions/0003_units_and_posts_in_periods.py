"""Units and posts in periods: what was, what is and what is to come each stand in a row of their own."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "orgchart_0003"
down_revision = "orgchart_0002"
branch_labels = None
depends_on = None

BEGINNING = date(1, 1, 1)
UNIT = sa.table("org_unit", sa.column("id"), sa.column("since", sa.Date))
POSITION = sa.table(
    "org_position",
    *map(sa.column, ("id", "name", "unit", "seats", "head")),
    *(sa.column(name, sa.JSON) for name in ("targets", "sheet", "later")),
    *(sa.column(name, sa.Date) for name in ("since", "until")),
)
BASE = sa.column("base", sa.JSON(none_as_null=True))
EDIT = sa.table("org_edit", *map(sa.column, ("kind", "name", "key", "by")), BASE, sa.column("at", sa.DateTime(True)))
TABLES = ("org_unit", "org_position")


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("since", sa.Date, nullable=False, server_default="0001-01-01"))
            table.add_column(sa.Column("until", sa.Date))
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"pk_{name}", type_="primary")
            table.create_primary_key(f"pk_{name}", ["id", "since"])
    periods = _spread()
    with op.batch_alter_table("org_position") as table:
        table.drop_column("later")
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.alter_column("since", existing_type=sa.Date, existing_nullable=False, server_default=None)
    _edits(periods)


def _spread() -> dict[str, list[str]]:
    """Give each change of what is expected a row of its own; position → the days of these."""
    connection = op.get_bind()
    found: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(POSITION)).mappings().all():
        for since, targets in row["later"]:
            values = {**row, "targets": targets, "later": [], "since": date.fromisoformat(since)}
            connection.execute(sa.insert(POSITION).values(values))
            found.setdefault(row["id"], []).append(since)
    return found


def _edits(periods: dict[str, list[str]]) -> None:
    """What was edited here is a period now, and so is what the files last said of it."""
    connection = op.get_bind()
    for row in connection.execute(sa.select(EDIT).where(EDIT.c.kind.in_(TABLES))).mappings().all():
        base = row["base"] and {
            **{name: value for name, value in row["base"].items() if name != "later"},
            "since": BEGINNING.isoformat(),
            "until": None,
        }
        same = (EDIT.c.kind == row["kind"], EDIT.c.name == row["name"], EDIT.c.key == row["key"])
        connection.execute(sa.update(EDIT).where(*same).values(key=BEGINNING.isoformat(), base=base))
        for since in periods.get(row["name"], ()) if row["kind"] == "org_position" else ():
            connection.execute(sa.insert(EDIT).values({**row, "key": since, "base": None}))


def downgrade() -> None:
    op.add_column("org_position", sa.Column("later", sa.JSON, nullable=False, server_default="[]"))
    _gather()
    connection = op.get_bind()
    connection.execute(sa.delete(EDIT).where(EDIT.c.kind.in_(TABLES), EDIT.c.key != BEGINNING.isoformat()))
    connection.execute(sa.update(EDIT).where(EDIT.c.kind.in_(TABLES)).values(key=""))
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"pk_{name}", type_="primary")
            table.create_primary_key(f"pk_{name}", ["id"])
        with op.batch_alter_table(name) as table:
            table.drop_column("until")
            table.drop_column("since")


def _gather() -> None:
    """Keep the last period of each, and what was expected in the others: an older version knows no more."""
    connection = op.get_bind()
    mine: dict[str, list[sa.RowMapping]] = {}
    for row in connection.execute(sa.select(POSITION).order_by(POSITION.c.since)).mappings().all():
        mine.setdefault(row["id"], []).append(row)
    for id, rows in mine.items():
        same, last = POSITION.c.id == id, rows[-1]["since"]
        values = {
            "targets": rows[0]["targets"],
            "later": [[row["since"].isoformat(), row["targets"]] for row in rows[1:]],
        }
        connection.execute(sa.update(POSITION).where(same, POSITION.c.since == last).values(values))
        connection.execute(sa.delete(POSITION).where(same, POSITION.c.since < last))
    other = UNIT.alias()
    latest = sa.select(sa.func.max(other.c.since)).where(other.c.id == UNIT.c.id).scalar_subquery()
    connection.execute(sa.delete(UNIT).where(UNIT.c.since < latest))
