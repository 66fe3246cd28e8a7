"""Loopback servers that speak the platforms' HTTP contracts, for tests without a platform."""
