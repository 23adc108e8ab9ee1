"""Keep where a draft came from and the text it was imported as"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rule_draft", sa.Column("origin", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("rule_draft", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("rule_version", sa.Column("source", sa.Text(), nullable=True))
