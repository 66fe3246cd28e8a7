"""A monitoring platform, for one model."""

from __future__ import annotations

from typing import Protocol

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.schema import Schema


class Publisher(Protocol):
    """A monitoring platform, for one model.

    docs/publishers.md states the whole contract, and tests/publishers/test_contract*.py check
    every implementation against it. Implementations may hold connections and a cached schema.
    `publish` may be called from several threads at once, as many as `limits` allows; the other
    methods are called from one thread at a time.
    """

    @property
    def limits(self) -> BatchLimits:
        """The most that one call of `publish` may be given."""
        ...

    @property
    def takes_json(self) -> bool:
        """Whether it sends rows as JSON objects, so that the rows need not be held otherwise.

        The JSON is written while a batch fills, and is handed to `publish` with the batch; a part
        of a batch comes without it.
        """
        ...

    def schema(self) -> Schema:
        """What the platform knows about the model; read once, then cached.

        Raises
        ------
        PublishError
            As `publish` does.
        """
        ...

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Send one batch, in a single attempt: the caller retries and halves.

        Parameters
        ----------
        batch
            At least one inference. Where the platform allows it, a batch that is sent again
            replaces what it stored before, by the inferences' ids.
        deadline
            When to stop waiting for a later outcome, in the clock's monotonic time.

        Returns
        -------
        Receipt
            What became of each inference: accepted unless it is named.

        Raises
        ------
        PlatformUnavailableError
            It may work later; rows may or may not have been stored.
        CredentialsRefusedError
            The token is not accepted, even when read afresh.
        PublisherMisconfiguredError
            It will not work until somebody changes something.
        BatchRefusedError
            The platform refuses something in the batch, and does not say which inference.
            Nothing of the batch was stored.
        BatchTooLargeError
            It has to be sent in smaller batches; only for a batch of two or more.
        """
        ...
