"""Capture files become a draft of a routes file."""
