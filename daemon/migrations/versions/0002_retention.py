"""Retention: what is purged, and a journal whose data can go without breaking its chain"""

import sqlalchemy as sa
from alembic import op

import daemon.store.models as models

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digest", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_events_kind"), ["kind"], unique=False)
    for table in ("mails", "letters"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("purged_at", models.Instant(timezone=True), nullable=True))
    op.create_table(
        "spent_blobs",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_spent_blobs")),
    )


def downgrade() -> None:
    op.drop_table("spent_blobs")
    for table in ("letters", "mails"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("purged_at")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_kind"))
        batch_op.drop_column("digest")
