"""The event of a schedule → a check that is kept and told, in a function of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from capture_forwarder.aws.clients import client_of, s3_client
from capture_forwarder.aws.file_store import S3FileStore
from capture_forwarder.aws.signals import AwsSignals
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.monitor.scheduled.check import run_scheduled
from capture_forwarder.monitor.scheduled.event import read_event
from capture_forwarder.monitor.scheduled.places import read_places
from capture_forwarder.monitor.scheduled.surroundings import Surroundings

_SERVICE = "capture-forwarder"
_SHARE_OF_MEMORY = 0.6
"""The rest is Python's, and what DuckDB does not count."""


def run_monitor(
    event: Mapping[str, object], seconds_left: Callable[[], float | None]
) -> dict[str, object]:
    """Run the check that an event asks for, with what the environment's variables say.

    Parameters
    ----------
    event
        What the schedule sends.
    seconds_left
        Tells how long the invocation may go on; None where there is no limit.

    Returns
    -------
    dict
        Counts, and where the report is.

    Raises
    ------
    ForwarderError
        The event or a variable is wrong, the check failed, or nobody could be told.
    """
    places = read_places(os.environ)
    now = SystemClock().now
    service = os.environ.get("POWERTOOLS_SERVICE_NAME") or _SERVICE
    topics = [one for one in os.environ.get("MONITOR_TOPIC_ARNS", "").split(",") if one]
    world = Surroundings(
        S3FileStore(s3_client()),
        AwsSignals(client_of, topics, service, now),
        now,
        seconds_left,
        _memory(),
        service,
    )
    return run_scheduled(read_event(event), places, world)


def _memory() -> int | None:
    """How many megabytes DuckDB may take of the function's."""
    size = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return int(int(size) * _SHARE_OF_MEMORY) if size else None
