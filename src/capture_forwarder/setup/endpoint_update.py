"""An endpoint is updated to a configuration, and what became of it.

An update that fails is rolled back, and then the endpoint is in service as before. Only the name of
its configuration tells that from a success. Source: UpdateEndpoint and DescribeEndpoint in the
SageMaker API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capture_forwarder.core.errors import AccountError, UpdateFailedError
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.ports.operator import EndpointConfigs, RunningEndpoint

_POLL_SECONDS = 15.0
_WORKING = frozenset({"Updating", "SystemUpdating", "RollingBack", "Creating"})


def _nobody(_: RunningEndpoint) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """How long to wait for an update, in seconds, and who is told how it goes."""

    seconds: float = 3600.0
    tell: Callable[[RunningEndpoint], None] = _nobody


def begin(
    configs: EndpointConfigs, running: RunningEndpoint, config: str, *, keep_counts: bool = True
) -> None:
    """Begin to update an endpoint to a configuration.

    Raises
    ------
    UpdateFailedError
        AWS refuses. The configuration stays for the next try.
    """
    try:
        configs.update(running, config, keep_counts=keep_counts)
    except AccountError as error:
        advice = error.advice
        if error.code == "ResourceLimitExceeded":
            advice = (
                "While it is updated, a second fleet of the same size runs: ask for a higher "
                "quota in Service Quotas, or run the command when fewer instances do."
            )
        raise UpdateFailedError(
            f"{error.message} {running.name} stays as it is. The configuration {config} is there; "
            "the next run uses it.",
            advice,
        ) from error


def wait_for(
    configs: EndpointConfigs, clock: Clock, endpoint: str, config: str, watch: Watch
) -> RunningEndpoint:
    """Wait until an endpoint runs a configuration.

    Parameters
    ----------
    configs
        AWS.
    clock
        Time.
    endpoint, config
        The endpoint, and the configuration that it is being updated to.
    watch
        How long to wait.

    Raises
    ------
    UpdateFailedError
        It was rolled back or failed, or another update came between, or the time is over.
    AccountError
        AWS refuses to say how it goes.
    """
    end = clock.monotonic() + watch.seconds
    while True:
        # The state of before may be answered for a moment after the update has begun.
        clock.sleep(_POLL_SECONDS)
        now = configs.running(endpoint)
        watch.tell(now)
        if now.status not in _WORKING:
            break
        if clock.monotonic() >= end:
            raise UpdateFailedError(
                f"{endpoint} is {now.status} after {watch.seconds / 60:.0f} minutes.",
                "It goes on without this command. Run it again to wait for the end, with --wait "
                "for longer.",
            )
    if now.status != "InService":
        raise UpdateFailedError(
            f"{endpoint} is {now.status} after the update to {config}{_because(now)}",
            "Calls may fail: see the endpoint in the SageMaker console.",
        )
    if now.config != config:
        raise UpdateFailedError(
            f"{endpoint} did not take the configuration {config}, and runs {now.config} as before"
            f"{_because(now)}",
            "Mend what SageMaker names, and run the command again. To give up, delete it: aws "
            f"sagemaker delete-endpoint-config --endpoint-config-name {config}",
        )
    return now


def _because(now: RunningEndpoint) -> str:
    return f": {now.failure.rstrip('.')}." if now.failure else "."
