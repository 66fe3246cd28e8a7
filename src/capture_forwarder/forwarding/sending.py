"""One batch to the platform: tried again while that can help, halved while it is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import msgspec

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    PlatformUnavailableError,
    PublishError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line
from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.forwarding.retry import Retrier


class Refusal(msgspec.Struct, frozen=True):
    """An inference that the platform refused: its line, its index there, the platform's words."""

    inference: Inference
    line: Line
    index: int
    said: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of a batch.

    Parameters
    ----------
    published
        How many inferences the platform accepted.
    refused
        The inferences that it refused.
    requests, retries
        How many requests were made, and how many of them repeated one that had failed.
    latencies
        Seconds that each accepted request took.
    """

    published: int = 0
    refused: tuple[Refusal, ...] = ()
    requests: int = 0
    retries: int = 0
    latencies: tuple[float, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.published + other.published,
            self.refused + other.refused,
            self.requests + other.requests,
            self.retries + other.retries,
            self.latencies + other.latencies,
        )


class BatchSender:
    """Delivers batches of one object; may be used from several threads.

    Parameters
    ----------
    publisher
        The platform.
    clock
        Time, and the waiting between tries.
    retry_seconds
        How long a batch is tried before the platform counts as down. The first batch that gives
        up ends the trying of all others, so that a platform that is down is left alone.
    jitter
        Gives a number from 0 to 1: which part of the longest wait to wait ("full jitter").
    """

    def __init__(
        self,
        publisher: Publisher,
        clock: Clock,
        *,
        retry_seconds: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._retrier = Retrier(clock, retry_seconds, jitter)

    def deliver(
        self,
        batch: Batch,
        *,
        deadline: float | None = None,
        before: Callable[[], None] | None = None,
    ) -> Outcome:
        """Deliver a batch.

        A batch that is refused without saying which inferences is halved until those stand
        alone, in at most 2·log2(n)+1 requests for one of n.

        Parameters
        ----------
        batch
            At least one inference.
        deadline
            When, by the clock's monotonic time, no further try may begin.
        before
            Called before each request; what it raises ends the delivery.

        Raises
        ------
        PublishError
            The batch was not accepted; see `Publisher.publish`. Some of it may have been.
        """
        sending = _Attempts(self._publisher, self._clock, batch, deadline, before)
        try:
            refusal = self._retrier.call(sending.attempt, deadline)
        except PublishError as error:
            error.requests += sending.outcome.requests
            raise
        left, outcome = sending.left, sending.outcome
        if refusal is None:
            return outcome
        if len(left) == 1:
            said = refusal.platform_message or refusal.message
            return outcome + Outcome(refused=(_refusal(left, 0, said),))
        if isinstance(refusal, BatchTooLargeError):
            middle = len(left) // 2
            for half in (left.slice(0, middle), left.slice(middle, len(left))):
                outcome += self.deliver(half, deadline=deadline, before=before)
            return outcome
        return outcome + self._halve(left, deadline, before)

    def _halve(
        self, batch: Batch, deadline: float | None, before: Callable[[], None] | None
    ) -> Outcome:
        """Deliver the halves of a batch of two or more that was refused.

        When the first half is accepted, what is refused must be in the second, which therefore
        is halved at once.
        """
        middle = len(batch) // 2
        rest = batch.slice(middle, len(batch))
        first = self.deliver(batch.slice(0, middle), deadline=deadline, before=before)
        if first.refused or len(rest) == 1:
            return first + self.deliver(rest, deadline=deadline, before=before)
        return first + self._halve(rest, deadline, before)


class _Attempts:
    """A batch of which less is left with every try."""

    def __init__(
        self,
        publisher: Publisher,
        clock: Clock,
        batch: Batch,
        deadline: float | None,
        before: Callable[[], None] | None,
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._deadline = deadline
        self._before = before
        self.left = batch
        self.outcome = Outcome()

    def attempt(self) -> BatchRefusedError | None:
        """Send what is left.

        Raises
        ------
        PlatformUnavailableError
            Some of it has to be sent again.
        """
        if self._before is not None:
            self._before()
        asked = self._clock.monotonic()
        if self.outcome.requests:
            self.left = replace(self.left, repeats=self.outcome.requests)
        self.outcome += Outcome(requests=1, retries=min(1, self.outcome.requests))
        try:
            receipt = self._publisher.publish(self.left, self._deadline)
        except BatchRefusedError as refusal:
            return refusal
        batch = self.left
        refused = tuple(
            _refusal(batch, position, said) for position, said in receipt.refused.items()
        )
        published = len(batch) - len(refused) - len(receipt.again)
        seconds = self._clock.monotonic() - asked
        self.outcome += Outcome(published, refused, latencies=(seconds,))
        if receipt.again:
            self.left = batch.select(receipt.again)
            message = f"The platform could not take {len(self.left)} of {len(batch)} inferences."
            raise PlatformUnavailableError(
                message, "They are sent again with the same ids.", retry_after=receipt.retry_after
            )
        return None


def _refusal(batch: Batch, position: int, said: str) -> Refusal:
    line, index = batch.origin(position)
    return Refusal(batch.inferences[position], line, index, said)
