"""What can go wrong with data, baselines and executions."""

from __future__ import annotations

from capture_forwarder.core.errors import ForwarderError


class DataError(ForwarderError):
    """Data cannot be read as what it should be; the message holds no value of it."""


class MonitorFileError(ForwarderError):
    """A file of statistics, constraints, violations or an execution cannot be used."""
