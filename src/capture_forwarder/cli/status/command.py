"""`capture-forwarder status`: what went through in the last hours."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated

import typer

from capture_forwarder.cli.status.view import show_status, status_json
from capture_forwarder.cli.terminal.account import STACK, AsJson, Profile, Region, Stack
from capture_forwarder.cli.terminal.console import OUT, say_json, user_errors
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.core.errors import AccountError, UsageError
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.setup.findings import Finding
from capture_forwarder.setup.status import look
from capture_forwarder.wiring.doctor import open_stack
from capture_forwarder.wiring.operator import open_account

_HOURS = 3
_MOST_HOURS = 24 * 14  # CloudWatch lists the metrics of two weeks; source: ListMetrics

HELP = """Show what went through in the last hours, by route and endpoint, and what waits now.

Changes nothing. Numbers of routes come from CloudWatch, which lags by a few minutes and counts by
full hours; files of endpoints are counted in S3. What you may not look at is unknown, with the
action to allow, and all else is shown.

Examples:

- `capture-forwarder status`

- `capture-forwarder status --hours 24 --stack my-forwarder`

- `capture-forwarder status --watch 30`

Exit code: 0; 1 when there is no such stack, or AWS does not answer; 2 for wrong usage; 130 when
interrupted.
"""


def status(  # noqa: PLR0913 - one parameter an option
    *,
    hours: Annotated[
        int | None,
        typer.Option(
            "--hours",
            min=1,
            max=_MOST_HOURS,
            metavar="N",
            help="Full hours to look back, besides this one.",
            show_default=str(_HOURS),
        ),
    ] = None,
    since: Since = None,
    watch: Annotated[
        int | None,
        typer.Option(
            "--watch",
            min=5,
            metavar="SECONDS",
            help="Look again every so many seconds, until Ctrl-C.",
            show_default="once",
        ),
    ] = None,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Show what went through."""
    with user_errors():
        account = open_account(profile, region)
        clock = SystemClock()
        while True:
            subject = open_stack(account, stack, _hours(hours, since))
            if isinstance(subject, Finding):
                raise AccountError(subject.says, subject.todo)
            found = look(subject)
            if as_json:
                say_json(status_json(found))
            else:
                if watch is not None and OUT.is_terminal:
                    OUT.clear()
                show_status(found)
            if watch is None:
                return
            clock.sleep(watch)


def _hours(hours: int | None, since: str | None) -> int:
    """How many full hours to look back."""
    start = read_time("--since", since)
    if start is None:
        return hours or _HOURS
    if hours is not None:
        raise UsageError("--hours and --since cannot be used together.")
    now = datetime.now(UTC)
    begun = now.replace(minute=0, second=0, microsecond=0)
    if start > now:
        raise UsageError(f"--since {since} is in the future.")
    found = max(0, math.ceil((begun - start).total_seconds() / 3600))
    if found > _MOST_HOURS:
        raise UsageError(f"--since {since} is more than two weeks ago.")
    return found
