"""Fill the lanes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LANES = 64


def upgrade() -> None:
    op.bulk_insert(sa.table("lane", sa.column("id", sa.SmallInteger())), [{"id": lane} for lane in range(LANES)])
