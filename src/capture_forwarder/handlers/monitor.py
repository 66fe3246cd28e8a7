"""The Lambda entry of the monitor: each event of a schedule is a check."""

from __future__ import annotations

from capture_forwarder.wiring.monitor_function import run_monitor


def lambda_handler(event: dict[str, object], context: object) -> dict[str, object]:
    """Check the window that a schedule's event asks for.

    Parameters
    ----------
    event
        What the schedule sends; docs/how-to/monitor-in-aws.md has its keys.
    context
        Lambda's context object.

    Returns
    -------
    dict
        Counts, and where the report is.

    Raises
    ------
    ForwarderError
        The check failed. The invocation then counts as failed, and Lambda tries it again.
    """
    return run_monitor(event, lambda: _seconds_left(context))


def _seconds_left(context: object) -> float | None:
    ask = getattr(context, "get_remaining_time_in_millis", None)
    return None if ask is None else float(ask()) / 1000
