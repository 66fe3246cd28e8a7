"""The Lambda entry: builds the forwarder at the first event, calls it, answers."""

from __future__ import annotations

from functools import cache
from uuid import uuid4

from capture_forwarder.wiring.cold_start import keep_for_good, shorten_cold_start

shorten_cold_start()

from capture_forwarder.triggers import read_self_check  # noqa: E402
from capture_forwarder.wiring.function import forwarder_from_environment  # noqa: E402

keep_for_good()

forwarder = cache(forwarder_from_environment)
"""The forwarder, built at the first event. A failure is not cached, so it is tried again."""


def lambda_handler(event: dict[str, object], context: object) -> dict[str, object]:
    """Forward the capture files that an event announces.

    Parameters
    ----------
    event
        An event of S3, SNS, SQS, EventBridge or S3 Batch Operations, as Lambda decoded it; or the
        event of a self-check, on which nothing is forwarded.
    context
        Lambda's context object.

    Returns
    -------
    dict
        What the event's source expects: failed messages for SQS, results for S3 Batch; for a
        self-check, what became of each try.

    Raises
    ------
    ForwarderError
        Settings are wrong, the event is unknown, or messages failed whose source understands
        nothing but an error. The invocation then counts as failed and the event comes again.
    """
    if (asked := read_self_check(event)) is not None:
        from capture_forwarder.wiring.self_check import check_function  # noqa: PLC0415 - rare

        return check_function(asked.capture_file)
    return forwarder().handle(
        event, owner=_invocation(context), seconds_left=_seconds_left(context)
    )


def _invocation(context: object) -> str:
    """Name the invocation.

    Lambda tries a request again under the same id, and only after the first try has ended, so
    that it may take over the leases of that one.
    """
    return str(getattr(context, "aws_request_id", None) or uuid4())


def _seconds_left(context: object) -> float | None:
    ask = getattr(context, "get_remaining_time_in_millis", None)
    return None if ask is None else float(ask()) / 1000
