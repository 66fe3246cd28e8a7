"""The accounting of one capture file on one route."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class FileReport(msgspec.Struct, frozen=True):
    """The accounting of one object on one route, as far as this invocation went through it.

    lines = forwarded + quarantined + empty, and inferences = published + refused. `repeated` says
    that the file had been delivered before and was not read; `resumed_at` is the line behind
    which this invocation began; `latencies` are the newest of the accepted requests, in seconds.
    `equal_ids` is how many lines have the id of an earlier one. `never_found` are the columns whose
    names no line that was read has, and `warnings` say so. `redacted` is how many values were
    taken out or replaced.
    """

    lines: int = 0
    forwarded: int = 0
    empty: int = 0
    quarantined: Mapping[str, int] = msgspec.field(default_factory=dict)
    inferences: int = 0
    published: int = 0
    refused: int = 0
    requests: int = 0
    retries: int = 0
    latencies: tuple[float, ...] = ()
    repeated: bool = False
    resumed_at: int = 0
    bytes: int = 0
    seconds: float = 0.0
    lag_seconds: float | None = None
    cast_failures: Mapping[str, int] = msgspec.field(default_factory=dict)
    redacted: int = 0
    equal_ids: int = 0
    never_found: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def advanced(self) -> bool:
        """Whether anything was brought to an end."""
        return bool(self.lines or self.inferences)

    @property
    def quarantined_lines(self) -> int:
        """How many lines went to quarantine, whatever the reason."""
        return sum(self.quarantined.values())
