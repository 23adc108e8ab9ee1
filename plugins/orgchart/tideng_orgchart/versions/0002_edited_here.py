"""The organisation edited in the deployment: seats and duty sheets, who changed what, files that wait, photos."""

import sqlalchemy as sa
from alembic import op

revision = "orgchart_0002"
down_revision = "orgchart_0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, length: int = 120) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.add_column("org_position", sa.Column("later", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("org_position", sa.Column("sheet", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("org_position", sa.Column("seats", sa.Integer))
    op.add_column("org_position", sa.Column("head", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "org_edit",
        text("kind", 40),
        text("name"),
        text("key", 40),
        sa.Column("base", sa.JSON),
        text("by"),
        moment("at"),
        sa.PrimaryKeyConstraint("kind", "name", "key", name="pk_org_edit"),
    )
    op.create_table(
        "org_import",
        sa.Column("id", ID, nullable=False),
        text("by"),
        moment("at"),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        text("file", 200),
        sa.Column("tables", sa.JSON, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_org_import"),
    )
    op.create_table(
        "org_photo",
        text("person"),
        sa.Column("data", sa.LargeBinary, nullable=False),
        text("mark", 16),
        text("by"),
        moment("at"),
        sa.PrimaryKeyConstraint("person", name="pk_org_photo"),
    )


def downgrade() -> None:
    for name in ("org_photo", "org_import", "org_edit"):
        op.drop_table(name)
    with op.batch_alter_table("org_position") as position:
        for name in ("head", "seats", "sheet", "later"):
            position.drop_column(name)
