"""End states that began twice

Until now an end ended only the latest of several starts with one key, and the earlier ones held for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ("subject", "state", "key", "started_at", "ended_at")
    span = sa.table("state_span", *map(sa.column, columns))
    end = span.alias("other_span")
    same = sa.and_(*(end.c[name] == span.c[name] for name in ("subject", "state", "key")))
    # without a key, a start at the very moment of an end is the next stretch, which that end leaves alone
    after = sa.or_(end.c.ended_at > span.c.started_at, sa.and_(span.c.key != "", end.c.ended_at == span.c.started_at))
    earliest = sa.select(sa.func.min(end.c.ended_at)).where(same, after).scalar_subquery()
    never_ended = sa.and_(span.c.started_at.is_not(None), span.c.ended_at.is_(None))
    op.execute(sa.update(span).where(never_ended).values(ended_at=earliest))
