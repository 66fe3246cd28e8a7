"""Monitoring without a platform: a baseline, its constraints, and what a window violates."""
