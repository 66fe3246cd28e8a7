"""Messages reach the queue, those that it does not accept at once by another try."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports import Announcing, Clock

_TRIES = 5

Write = Callable[[CaptureFile, Sequence[str]], str]
"""Writes the message that announces a file to some routes, or to all if none is named."""


def announce(queue: Announcing, clock: Clock, bodies: Sequence[str], advice: str) -> None:
    """Send messages, and those again that the queue does not accept.

    Parameters
    ----------
    queue, clock
        The function's queue, and time.
    bodies
        The messages.
    advice
        What to do if it accepts some of them at no try.

    Raises
    ------
    AccountError
        AWS refuses, or the queue does not accept all of them; some may have been sent.
    """
    for attempt in range(_TRIES):
        if attempt:
            clock.sleep(2.0**attempt)
        refused = queue.send(bodies)
        if not refused:
            return
        bodies = [bodies[position] for position in refused]
    message = f"The queue does not accept {len(bodies)} messages after {_TRIES} tries."
    raise AccountError(message, advice)
