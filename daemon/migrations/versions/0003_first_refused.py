"""A letter is given up so many hours after it was first refused, not after it was owed"""

import sqlalchemy as sa
from alembic import op

import daemon.store.models as models

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tried_at", models.Instant(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.drop_column("tried_at")
