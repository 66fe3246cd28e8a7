"""The questions that `doctor` asks, by what they are about."""
