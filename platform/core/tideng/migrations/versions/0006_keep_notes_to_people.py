"""Keep notes to people"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("person", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("nudge", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("key", sa.String(length=60), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["nudge"], ["finding.id"], name=op.f("fk_person_note_nudge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_note")),
        sa.UniqueConstraint("author", "key", name=op.f("uq_person_note_author_key")),
    )
    op.create_index("ix_person_note_author", "person_note", ["author", "left_at"], unique=False)
    op.create_index("ix_person_note_person", "person_note", ["person", "id"], unique=False)
    op.create_table(
        "person_note_voice",
        sa.Column("note", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note"], ["person_note.id"], name=op.f("fk_person_note_voice_note"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("note", name=op.f("pk_person_note_voice")),
    )
