"""The configuration that an endpoint runs, kept whole when a new one is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Settings = Mapping[str, object]
"""What CreateEndpointConfig takes, but for the name and the tags."""


@dataclass(frozen=True)
class RunningVariant:
    """A variant as it runs: how many instances it is meant to have, and its weight.

    Either is None where SageMaker names none, as for instances that manage themselves.
    """

    name: str
    instances: int | None = None
    weight: float | None = None


@dataclass(frozen=True)
class RunningEndpoint:
    """An endpoint as it runs.

    Parameters
    ----------
    name, arn
        The endpoint.
    status
        Such as InService.
    config
        The name of its configuration.
    pending
        The name of the configuration that an update is bringing; None if there is no update.
    capturing
        Whether Data Capture is on.
    stopped
        Whether Data Capture is on and has stopped, as it does when a disk is full.
    failure
        Why the last update failed, in SageMaker's words; empty if it did not.
    deployment
        Whether the last update had settings of its own for how traffic moves over.
    variants
        Its production and shadow variants.
    """

    name: str
    arn: str
    status: str
    config: str
    pending: str | None = None
    capturing: bool = False
    stopped: bool = False
    failure: str = ""
    deployment: bool = False
    variants: tuple[RunningVariant, ...] = ()


@dataclass(frozen=True)
class EndpointConfig:
    """A configuration: its name, its ARN, and all that a copy of it has to have."""

    name: str
    arn: str
    settings: Settings = field(default_factory=dict)


class EndpointConfigs(Protocol):
    """Configurations of endpoints; all methods raise `AccountError`."""

    def running(self, endpoint: str) -> RunningEndpoint:
        """An endpoint."""
        ...

    def config(self, name: str) -> EndpointConfig | None:
        """A configuration, whole; None if there is none of that name.

        Raises
        ------
        AccountError
            AWS refuses, or it holds something that a copy would lose.
        """
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of an endpoint or of a configuration."""
        ...

    def create(self, name: str, settings: Settings, tags: Mapping[str, str]) -> None:
        """Make a configuration."""
        ...

    def delete(self, name: str) -> None:
        """Delete a configuration."""
        ...

    def update(self, endpoint: RunningEndpoint, config: str, *, keep_counts: bool) -> None:
        """Begin to bring a configuration to an endpoint.

        The settings of its last deployment are used again.

        Parameters
        ----------
        endpoint
            The endpoint.
        config
            The configuration's name.
        keep_counts
            Whether variants keep the instance counts and weights that they run with; else they
            get those of the configuration.
        """
        ...
