"""How migrations run: on the connection handed over, inside its transaction."""

from __future__ import annotations

from alembic import context

from vacancy.store import tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
