"""Messages that failed for good, looked at and sent again. No terminal."""
