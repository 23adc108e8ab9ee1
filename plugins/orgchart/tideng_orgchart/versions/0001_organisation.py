"""The organisation: units, positions, assignments, roles, changes."""

import sqlalchemy as sa
from alembic import op

revision = "orgchart_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, length: int = 120) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "org_unit", text("id"), text("name", 200), text("parent"), sa.PrimaryKeyConstraint("id", name="pk_org_unit")
    )
    op.create_table(
        "org_position",
        text("id"),
        text("name", 200),
        text("unit"),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_org_position"),
    )
    op.create_table(
        "org_assignment",
        sa.Column("id", ID, nullable=False),
        text("person"),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        text("name", 200),
        text("unit"),
        text("position"),
        text("supervisor"),
        text("timezone", 60),
        text("locale", 20),
        text("phone", 60),
        text("email", 200),
        text("deputy"),
        sa.PrimaryKeyConstraint("id", name="pk_org_assignment"),
        sa.UniqueConstraint("person", "since", name="uq_org_assignment_person_since"),
    )
    op.create_table(
        "org_role",
        text("role"),
        sa.Column("rank", sa.SmallInteger, nullable=False, autoincrement=False),
        text("person"),
        sa.PrimaryKeyConstraint("role", "rank", name="pk_org_role"),
    )
    op.create_table(
        "org_change",
        sa.Column("id", ID, nullable=False),
        text("person"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        text("kind", 20),
        text("name", 200),
        text("unit"),
        text("position"),
        text("supervisor"),
        sa.PrimaryKeyConstraint("id", name="pk_org_change"),
        sa.UniqueConstraint("person", "at", "kind", name="uq_org_change_person_at_kind"),
    )
    op.create_table(
        "org_revision",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        text("default_zone", 60),
        sa.PrimaryKeyConstraint("id", name="pk_org_revision"),
    )


def downgrade() -> None:
    for name in ("org_revision", "org_change", "org_role", "org_assignment", "org_position", "org_unit"):
        op.drop_table(name)
