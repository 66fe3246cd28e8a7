"""The protocols that the pipeline talks to. What stands behind them is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from capture_forwarder.errors import ForwarderError
from capture_forwarder.model import (
    BatchLimits,
    CaptureObject,
    Inference,
    ObjectReport,
    QuarantineEntry,
    Schema,
)


class ObjectStore(Protocol):
    """Where capture objects lie."""

    def open(self, source: CaptureObject) -> AbstractContextManager[BinaryIO]:
        """Open an object for reading from its start.

        The stream raises `ObjectError` when the object ends before its announced length, so
        that a broken connection never looks like the end of a file.

        Raises
        ------
        ObjectError
            The object is not there, may not be read, or cannot be reached.
        """
        ...


class Publisher(Protocol):
    """A monitoring platform, for one model.

    Implementations may keep connections and a cached schema; they are used by one invocation
    at a time.
    """

    @property
    def limits(self) -> BatchLimits:
        """The most that one call of `publish` may be given."""
        ...

    def schema(self) -> Schema:
        """What the platform knows of the model; read once and kept.

        Raises
        ------
        PublishError
            As `publish` does.
        """
        ...

    def publish(self, batch: Sequence[Inference]) -> None:
        """Hand over one batch. Returning means that the platform accepted every row of it.

        Raises
        ------
        PlatformUnavailableError
            It may work later; rows may or may not have been stored.
        CredentialsRefusedError, PublisherMisconfiguredError
            It will not work until somebody changes something.
        BatchRefusedError
            The platform does not want what the batch holds.
        """
        ...


class Quarantine(Protocol):
    """Where rejected lines are kept."""

    def put(self, source: CaptureObject, entries: Sequence[QuarantineEntry]) -> None:
        """Keep the entries, all of one object, route and reason; returning means they are safe.

        Putting the same entries again changes nothing.

        Raises
        ------
        QuarantineError
            They could not be kept.
        """
        ...

    def holds(self, source: CaptureObject) -> bool:
        """Whether this object is itself part of the quarantine, which is never taken as input."""
        ...


class Reporter(Protocol):
    """Who is told of the work."""

    def forwarded(self, source: CaptureObject, report: ObjectReport) -> None:
        """Tell of an object that is done."""
        ...

    def failed(self, what: str, error: ForwarderError) -> None:
        """Tell of an object or a message that failed; it will be delivered again."""
        ...

    def skipped(self, source: CaptureObject, why: str) -> None:
        """Tell of an object that is acknowledged without being read."""
        ...

    def warn(self, message: str, **facts: object) -> None:
        """Tell of something that an operator should look at."""
        ...


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def now(self) -> datetime:
        """The current time, with its zone."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...


class Secret(Protocol):
    """A token that may change while the function lives."""

    def value(self, *, fresh: bool = False) -> str:
        """The token; with `fresh`, read from its source even if a copy is at hand.

        Raises
        ------
        SettingsError
            The source does not hold it or may not be read.
        """
        ...
