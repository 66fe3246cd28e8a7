"""What must not leave is taken out of rows: dropped, hashed, or replaced where a text shows it."""
