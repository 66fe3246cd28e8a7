"""Who hears what a check of the monitor has found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Metrics(msgspec.Struct, frozen=True):
    """Numbers of one moment.

    Parameters
    ----------
    namespace
        Where CloudWatch keeps them.
    dimensions
        Name → value.
    values
        Metric → its value.
    """

    namespace: str
    dimensions: Mapping[str, str]
    values: Mapping[str, float]


class Signals(Protocol):
    """Tells what was found. No value of a row gets here: only counts, shares and columns' names."""

    def announce(self, detail: Mapping[str, object]) -> None:
        """Tell other programs that a window violates its constraints.

        Raises
        ------
        SignalError
            The event was not taken.
        """
        ...

    def alert(self, subject: str, text: str) -> None:
        """Tell a person.

        Raises
        ------
        SignalError
            The message was not taken.
        """
        ...

    def measure(self, metrics: Metrics) -> None:
        """Record metrics."""
        ...

    def log(self, message: str, **facts: object) -> None:
        """Write a line of the log."""
        ...
