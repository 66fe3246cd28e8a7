"""One batch to the platform: tried again while that can help, halved while it is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capture_forwarder.errors import BatchRefusedError
from capture_forwarder.model import Inference
from capture_forwarder.ports import Clock, Publisher
from capture_forwarder.retry import Retrier


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Parameters
    ----------
    published
        How many inferences the platform accepted.
    refused
        The inferences that it refused, each with its own words.
    requests, retries
        How many requests were made, and how many of them repeated one that had failed.
    latencies
        Seconds that each accepted request took.
    """

    published: int = 0
    refused: tuple[tuple[Inference, str], ...] = ()
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


class Deliverer:
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
        batch: Sequence[Inference],
        *,
        deadline: float | None = None,
        before: Callable[[], None] | None = None,
    ) -> Outcome:
        """Deliver a batch.

        A batch that is refused is halved until the refused inferences stand alone, in at most
        2·log2(n)+1 requests for one of n.

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
        outcome, refusal = self._publish(batch, deadline, before)
        if refusal is None:
            return outcome
        if len(batch) == 1:
            said = refusal.platform_message or refusal.message
            return outcome + Outcome(refused=((batch[0], said),))
        return outcome + self._halve(batch, deadline, before)

    def _halve(
        self,
        batch: Sequence[Inference],
        deadline: float | None,
        before: Callable[[], None] | None,
    ) -> Outcome:
        """Deliver the halves of a batch of two or more that was refused.

        When the first half is accepted, what is refused must be in the second, which therefore
        is halved at once.
        """
        middle = len(batch) // 2
        rest = batch[middle:]
        first = self.deliver(batch[:middle], deadline=deadline, before=before)
        if first.refused or len(rest) == 1:
            return first + self.deliver(rest, deadline=deadline, before=before)
        return first + self._halve(rest, deadline, before)

    def _publish(
        self,
        batch: Sequence[Inference],
        deadline: float | None,
        before: Callable[[], None] | None,
    ) -> tuple[Outcome, BatchRefusedError | None]:
        asked = 0.0
        requests = 0

        def publish() -> BatchRefusedError | None:
            nonlocal asked, requests
            if before is not None:
                before()
            asked = self._clock.monotonic()
            requests += 1
            try:
                self._publisher.publish(batch)
            except BatchRefusedError as refusal:
                return refusal
            return None

        refusal = self._retrier.call(publish, deadline)
        if refusal is not None:
            return Outcome(requests=requests, retries=requests - 1), refusal
        seconds = self._clock.monotonic() - asked
        return Outcome(len(batch), (), requests, requests - 1, (seconds,)), None
