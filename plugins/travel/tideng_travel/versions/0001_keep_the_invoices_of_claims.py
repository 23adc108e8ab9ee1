"""Keep the invoices of claims"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "travel_invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("case", sa.String(length=60), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.Column("paper", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("issued", sa.Date(), nullable=True),
        sa.Column("amount", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("seller", sa.String(length=30), nullable=False),
        sa.Column("buyer", sa.String(length=30), nullable=False),
        sa.Column("check_code", sa.String(length=6), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_ask", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_travel_invoice")),
        sa.UniqueConstraint("code", "number", name=op.f("uq_travel_invoice_code_number")),
    )
    op.create_index(op.f("ix_travel_invoice_case"), "travel_invoice", ["case"], unique=False)
    op.create_index(op.f("ix_travel_invoice_next_ask"), "travel_invoice", ["next_ask"], unique=False)
    op.create_index(op.f("ix_travel_invoice_person"), "travel_invoice", ["person"], unique=False)
