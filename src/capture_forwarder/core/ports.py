"""The protocols that the pipeline talks to. What stands behind them is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

import msgspec

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.report import FileReport
from capture_forwarder.core.schema import Schema


class OpenedFile(msgspec.Struct, frozen=True):
    """An object being read.

    `revision` is the same only for the same content: the version id, else the ETag.
    """

    stream: BinaryIO
    revision: str


class ObjectStore(Protocol):
    """Where capture objects lie."""

    def open(self, capture_file: CaptureFile) -> AbstractContextManager[OpenedFile]:
        """Open an object for reading from its start.

        The stream raises `CaptureFileError` when the object ends before its announced length, so
        that a broken connection never looks like the end of a file.

        Raises
        ------
        CaptureFileError
            The object is not there, may not be read, or cannot be reached.
        """
        ...


class Publisher(Protocol):
    """A monitoring platform, for one model.

    docs/publishers.md tells the whole contract, and tests/publishers/test_contract.py
    holds every implementation to it. Implementations may keep connections and a cached schema.
    `publish` is called from several threads at once, as many as `limits` allows; the rest from
    one at a time.
    """

    @property
    def limits(self) -> BatchLimits:
        """The most that one call of `publish` may be given."""
        ...

    @property
    def takes_json(self) -> bool:
        """Whether it sends rows as JSON objects, so that nothing else of them need be kept.

        They are written while a batch fills, and handed to `publish` with the batch; a part of a
        batch comes without.
        """
        ...

    def schema(self) -> Schema:
        """What the platform knows of the model; read once and kept.

        Raises
        ------
        PublishError
            As `publish` does.
        """
        ...

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Hand over one batch, in one try: whoever calls this tries again and halves.

        Parameters
        ----------
        batch
            At least one inference. Sent again, it replaces what it stored before wherever the
            platform lets it, by the inferences' ids.
        deadline
            When, by the clock's monotonic time, waiting for a later outcome must end.

        Returns
        -------
        Receipt
            What became of each inference: accepted unless it is named.

        Raises
        ------
        PlatformUnavailableError
            It may work later; rows may or may not have been stored.
        CredentialsRefusedError
            The token is not accepted, not even one read afresh.
        PublisherMisconfiguredError
            It will not work until somebody changes something.
        BatchRefusedError
            The platform does not want something that the batch holds, and did not say which.
            Nothing of the batch was stored.
        BatchTooLargeError
            It has to be sent in smaller pieces; only for a batch of two or more.
        """
        ...


class Ledger(Protocol):
    """What is known to be delivered of each object and route.

    All methods are called from several threads, for one key from one at a time. `owner` names the
    invocation; a lease is its exclusive right to work on an object and route until it expires.
    """

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        """Begin work: take the lease, unless the object is finished.

        A lease that has expired, or that the same owner holds, is taken over with its position.

        Raises
        ------
        CaptureFileBusyError
            Another owner's lease has not expired.
        LedgerError
            The ledger cannot be reached or answered an error.
        """
        ...

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        """Note how far the object is done and renew the lease.

        Raises
        ------
        LeaseLostError
            The lease is another owner's by now; nothing was changed.
        LedgerError
            See `claim`.
        """
        ...

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        """Note that the object is done, so that its next event is answered at once.

        Raises
        ------
        LeaseLostError, LedgerError
            See `save`.
        """
        ...

    def release(self, key: LedgerKey, owner: str) -> None:
        """Give the lease back, the position stays; does nothing if it is another owner's by now.

        Raises
        ------
        LedgerError
            See `claim`.
        """
        ...


class Quarantine(Protocol):
    """Where rejected lines are kept."""

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Keep the entries, all of one object, route and reason; returning means they are safe.

        Putting the same entries again changes nothing.

        Raises
        ------
        QuarantineError
            They could not be kept.
        """
        ...

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether this object is itself part of the quarantine, which is never taken as input."""
        ...


class QuarantineFiles(Protocol):
    """The files of a quarantine, for whoever looks at them and sends their entries again.

    A file is known by the name that `names` gives it: its path, or its address in S3.
    """

    def names(self) -> list[tuple[str, int]]:
        """List the files, each with its size in bytes.

        Raises
        ------
        ForwarderError
            They cannot be listed.
        """
        ...

    def read(self, name: str) -> tuple[bytes, str]:
        """Read a file; return its bytes and its revision.

        Raises
        ------
        QuarantineError
            It cannot be read.
        """
        ...

    def replace(self, name: str, data: bytes, revision: str) -> None:
        """Write a file anew, unless it no longer has this revision.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be written.
        """
        ...

    def remove(self, name: str, revision: str) -> None:
        """Delete a file, unless it no longer has this revision.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be deleted.
        """
        ...


class Reporter(Protocol):
    """Who is told of the work; several routes may tell at once."""

    def on_route(self, route: str, publisher: str) -> Reporter:
        """Who is told of the work on one route."""
        ...

    def continued(self, capture_file: CaptureFile, hops: int, report: FileReport | None) -> None:
        """An object's time was up; the rest of it was handed on. `report` is of what was done."""
        ...

    def forwarded(self, capture_file: CaptureFile, report: FileReport) -> None:
        """Tell of an object that is done."""
        ...

    def failed(self, what: str, error: ForwarderError) -> None:
        """Tell of an object or a message that failed; it will be delivered again."""
        ...

    def skipped(self, capture_file: CaptureFile, why: str) -> None:
        """Tell of an object that is acknowledged without being read."""
        ...

    def warn(self, message: str, **facts: object) -> None:
        """Tell of something that an operator should look at."""
        ...


class Continuations(Protocol):
    """A queue that brings what is left of an object to a later invocation."""

    def send(self, capture_file: CaptureFile, hops: int, routes: Sequence[str]) -> None:
        """Have the object delivered again on some routes; returning means that it will be.

        Parameters
        ----------
        capture_file
            The object.
        hops
            How often it was handed on, this time included.
        routes
            The names of the routes on which it is not done.

        Raises
        ------
        ContinuationError
            The queue did not take it.
        """
        ...


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def now(self) -> datetime:
        """The current time, with its zone."""
        ...

    def monotonic(self) -> float:
        """Seconds from some fixed point, never going back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
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
