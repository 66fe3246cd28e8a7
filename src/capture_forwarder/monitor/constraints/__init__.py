"""What a baseline asks of each column, and which of that a window violates."""
