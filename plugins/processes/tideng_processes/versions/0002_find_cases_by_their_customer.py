"""Find cases by their customer"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from tideng_processes.customer_keys import LONGEST_KEY, customer_key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AT_ONCE = 2_000
CASES = sa.table(
    "process_case",
    sa.column("serial", sa.BigInteger),
    sa.column("data", sa.JSON),
    sa.column("customer_key", sa.String),
)


def upgrade() -> None:
    op.add_column("process_case", sa.Column("customer_key", sa.String(length=LONGEST_KEY), nullable=True))
    last = 0
    while rows := _after(last):
        last = rows[-1].serial
        _fill(rows)
    op.create_index(op.f("ix_process_case_customer_key"), "process_case", ["customer_key"], unique=False)


def _after(serial: int) -> Sequence[Any]:
    """The next cases, in the order in which they began."""
    wanted = sa.select(CASES.c.serial, CASES.c.data).where(CASES.c.serial > serial).order_by(CASES.c.serial)
    return op.get_bind().execute(wanted.limit(AT_ONCE)).all()


def _fill(rows: Sequence[Any]) -> None:
    """No definition that is stored yet names another field than `customer`."""
    keys = [{"_serial": one.serial, "_key": customer_key(one.data.get("customer"))} for one in rows]
    known = [one for one in keys if one["_key"]]
    if known:
        by_serial = CASES.c.serial == sa.bindparam("_serial")
        op.get_bind().execute(sa.update(CASES).where(by_serial).values(customer_key=sa.bindparam("_key")), known)


def downgrade() -> None:
    op.drop_index(op.f("ix_process_case_customer_key"), "process_case")
    op.drop_column("process_case", "customer_key")
