"""Give rules a life: drafts, pauses, what was set aside, and where a version came from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _versions()
    op.create_table(
        "rule_draft",
        sa.Column("id", _ID, nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'asked', 'approved', 'published', 'discarded')", name="state"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
    )
    op.create_index(op.f("ix_rule_draft_rule"), "rule_draft", ["rule"], unique=False)
    op.create_table(
        "rule_pause",
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_rule_pause")),
    )
    op.create_table(
        "rule_quarantine",
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("engine", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.CheckConstraint("engine IN ('durable', 'all')", name="engine"),
        sa.PrimaryKeyConstraint("rule", "version", "engine", name=op.f("pk_rule_quarantine")),
    )


def _versions() -> None:
    """New columns, and no state 'draft': it was never used, and drafts have a table of their own now."""
    where = sa.text("state = 'published'")
    op.drop_index("ix_rule_version_in_force", "rule_version")  # SQLite copies the table, and would lose the WHERE
    with op.batch_alter_table("rule_version") as table:
        table.drop_constraint("state", type_="check")
        table.add_column(sa.Column("approved_by", sa.String(length=120), nullable=True))
        table.add_column(sa.Column("origin", sa.JSON(), nullable=True))
        table.add_column(sa.Column("expected", sa.Integer(), nullable=True))
        table.add_column(sa.Column("preview", sa.JSON(), nullable=True))
        table.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("archived_by", sa.String(length=120), nullable=True))
        table.create_check_constraint("state", "state IN ('published', 'archived')")
    op.create_index(
        "ix_rule_version_in_force", "rule_version", ["rule"], unique=True, sqlite_where=where, postgresql_where=where
    )
