"""Keep when a draft is to be published"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rule_draft", sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rule_draft", sa.Column("publish_by", sa.String(length=120), nullable=True))
    op.add_column("rule_draft", sa.Column("held_up", sa.JSON(none_as_null=True), nullable=True))
