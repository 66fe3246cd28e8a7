"""The embedded DuckDB database, which needs no account."""
