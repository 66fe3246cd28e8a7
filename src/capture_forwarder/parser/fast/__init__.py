"""The same rows for the common shapes, quicker; never another meaning."""
