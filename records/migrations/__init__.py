"""Alembic's environment; `versions/` holds one module for each step of the tables, oldest first."""
