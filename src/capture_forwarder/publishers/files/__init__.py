"""Files of rows that other platforms and Athena read."""
