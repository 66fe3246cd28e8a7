"""Fiddler, through its own client."""
