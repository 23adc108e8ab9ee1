"""Hold messages together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("dropped_because", sa.String(length=200), nullable=True))
    op.add_column("outbox", sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("bundle", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.add_column("outbox", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_outbox_recipient", "outbox", ["recipient", "channel", "released_at"], unique=False)
    outbox = sa.table("outbox", sa.column("released_at"), sa.column("sent_at"), sa.column("due"), sa.column("attempts"))
    # what was tried before counts against the budget of its week
    tried = outbox.update().where(outbox.c.attempts > 0)
    op.execute(tried.values(released_at=sa.func.coalesce(outbox.c.sent_at, outbox.c.due)))
