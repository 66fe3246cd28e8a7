"""Files of rows that other platforms and Athena read: JSON Lines, JSON or Parquet."""
