"""Capture files that nobody announced are sent through the deployed function. No terminal."""
