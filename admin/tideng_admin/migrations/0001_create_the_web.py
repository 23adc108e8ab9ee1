"""Create the web: Flask-AppBuilder's users, roles and permissions, our session versions and API keys

A database from before this history has all of it already, made without a revision; hence every step asks first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from flask_appbuilder import Model
from flask_appbuilder.security.sqla import models  # noqa: F401 (fills Model.metadata)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # theirs are as the installed release declares them; a release that changes them needs a revision of ours
    theirs = [table for table in Model.metadata.sorted_tables if table.name.startswith("ab_")]
    Model.metadata.create_all(op.get_bind(), tables=theirs, checkfirst=True)
    op.create_table(
        "web_session_version",
        sa.Column("user", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_web_session_version")),
        if_not_exists=True,
    )
    op.create_table(
        "web_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_web_key_sha256")),
        if_not_exists=True,
    )
    op.create_index(op.f("ix_web_key_user"), "web_key", ["user"], unique=False, if_not_exists=True)
