"""Statements and files in an embedded DuckDB, on one machine."""
