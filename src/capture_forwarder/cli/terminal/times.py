"""Times as options: a date, or a date with a time, in UTC unless it names a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from capture_forwarder.core.errors import UsageError

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only files of this hour and later: 2026-03-01 or 2026-03-01T10, in UTC.",
        show_default=False,
    ),
]


def read_time(option: str, text: str | None) -> datetime | None:
    """Read a time; None if the option was not given.

    Parameters
    ----------
    option
        The option's name.
    text
        What was given.

    Raises
    ------
    UsageError
        It is not a time.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        problem = f"{option} {text} is not a time."
        raise UsageError(problem, "Write it as 2026-03-01 or 2026-03-01T10.") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
