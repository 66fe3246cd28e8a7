"""A route's settings → its publisher, in a file for each platform."""

from capture_forwarder.wiring.publishers.choosing import build_publisher

__all__ = ["build_publisher"]
