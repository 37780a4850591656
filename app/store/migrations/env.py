"""Alembic's entry: run the migrations on the connection that database.py hands over."""

from __future__ import annotations

from alembic import context

from app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by copying the table
    transactional_ddl=False,  # database.py has begun the transaction, and commits all of it or nothing
)
context.run_migrations()
