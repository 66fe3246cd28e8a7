"""A deployed function and what belongs to it, as an operator sees and asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from capture_forwarder.core.deployment import (
    Endpoint,
    FunctionState,
    Identity,
    MappingState,
    QueueState,
    RuleState,
    SecretState,
    Stack,
)
from capture_forwarder.core.watched import Alarm, LoggedFailure, Metric


class Deployment(Protocol):
    """The stack and its parts; all methods raise `AccountError`, as those of `Buckets` do."""

    def identity(self) -> Identity:
        """Who asks."""
        ...

    def stack(self, name: str) -> Stack:
        """A stack with its resources."""
        ...

    def first_failure(self, stack: str) -> str:
        """The first event of a stack's last change that failed, in words; empty if none did."""
        ...

    def function(self, name: str) -> FunctionState:
        """A function."""
        ...

    def reserved_concurrency(self, function: str) -> int | None:
        """How many invocations are kept for a function; None if none are set aside."""
        ...

    def free_concurrency(self) -> int:
        """How many invocations all functions without a number of their own may have at once."""
        ...

    def mapping(self, uuid: str) -> MappingState:
        """An event source mapping."""
        ...

    def rule(self, name: str) -> RuleState:
        """An EventBridge rule with its targets."""
        ...

    def queue(self, url: str) -> QueueState:
        """A queue."""
        ...

    def secret(self, arn: str) -> SecretState:
        """What is known of a secret, without its value."""
        ...

    def table_status(self, name: str) -> str:
        """The status of a table, such as ACTIVE."""
        ...

    def text(self, address: str) -> str:
        """The text at `s3://bucket/key` or in the parameter `ssm://name`."""
        ...

    def invoke(self, function: str, event: Mapping[str, object]) -> object:
        """Invoke a function and wait; its answer, decoded.

        Raises
        ------
        AccountError
            The function failed, or AWS refuses.
        """
        ...


class Endpoints(Protocol):
    """SageMaker endpoints of a region; errors as those of `Deployment`."""

    def names(self) -> Sequence[str]:
        """The names of all endpoints."""
        ...

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint with its Data Capture."""
        ...


class Watching(Protocol):
    """Metrics, alarms and logs; errors as those of `Deployment`."""

    def values(
        self, metrics: Sequence[Metric], since: datetime, until: datetime
    ) -> Mapping[Metric, float]:
        """Sum up each metric over full hours; those without data are left out.

        Parameters
        ----------
        metrics
            What to ask for. Of a statistic other than Sum, the greatest hourly value counts.
        since, until
            From when to when; the first at a full hour.
        """
        ...

    def by_route(self, service: str, name: str) -> Sequence[Metric]:
        """Our metric of that name, for each route and publisher of a stack."""
        ...

    def alarms(self, prefix: str) -> Sequence[Alarm]:
        """The alarms whose names begin so."""
        ...

    def unconfirmed(self, topic: str) -> Sequence[str]:
        """The addresses that have not confirmed their subscription of a topic."""
        ...

    def failures(self, log_group: str, since: datetime) -> Sequence[LoggedFailure]:
        """The entries `delivery failed` of a log, the newest last, at most 1,000 of them."""
        ...
