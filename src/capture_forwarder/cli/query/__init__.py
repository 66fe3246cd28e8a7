"""`capture-forwarder query`: ask the DuckDB file for rows."""
