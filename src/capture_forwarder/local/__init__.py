"""The ports on folders and SQLite; the twin of `aws`."""
