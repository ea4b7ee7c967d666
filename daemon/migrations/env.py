"""Alembic's entry: migrates on the connection that `Database.migrate` hands in."""

from alembic import context

from daemon.store.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    user_module_prefix="models.",
)
with context.begin_transaction():
    context.run_migrations()
