"""Rejected lines, looked at and sent again. No terminal."""
