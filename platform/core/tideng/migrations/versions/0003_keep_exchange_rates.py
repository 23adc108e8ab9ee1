"""Keep exchange rates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rate",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_exchange_rate")),
    )
    op.create_table(
        "unpriced",
        sa.Column("currency", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amounts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_unpriced")),
    )
    # amounts were added up whatever their currency was: the first worker counts them anew
    note = sa.table("note", sa.column("key"), sa.column("value", sa.JSON()), sa.column("updated_at"))
    before = sa.select(
        sa.literal("money to count anew"),
        sa.literal({"since": "0001-01-01"}, sa.JSON()),
        sa.func.current_timestamp(),
    ).where(sa.exists(sa.select(sa.literal(1)).select_from(sa.table("metric_series"))))
    op.execute(note.insert().from_select(["key", "value", "updated_at"], before))
