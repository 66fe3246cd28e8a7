"""Files, tables and captures become one relation of DuckDB, in which hostile names do nothing."""
