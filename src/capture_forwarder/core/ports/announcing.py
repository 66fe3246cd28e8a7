"""The queue that announces capture files to the deployed function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

MOST_AT_ONCE = 10
"""How many messages one request may hold, which is all that SQS allows."""


class Announcing(Protocol):
    """The deployed function's queue, for whoever announces files that nobody announced."""

    def depth(self) -> int:
        """About how many messages it holds: waiting, received and delayed.

        Raises
        ------
        AccountError
            AWS refuses.
        """
        ...

    def send(self, bodies: Sequence[str]) -> Sequence[int]:
        """Send messages, several requests at once.

        Parameters
        ----------
        bodies
            The messages.

        Returns
        -------
        sequence of int
            The positions of those that the queue did not accept, and that may be sent again.

        Raises
        ------
        AccountError
            AWS refuses, or did not answer: some of the messages may have been sent.
        """
        ...

    def leave(self, body: str, seconds: int = 0) -> None:
        """Send one message that is handed out before all that wait, but not sooner than asked.

        Parameters
        ----------
        body
            The message.
        seconds
            How long the queue keeps it back, 900 seconds at most.

        Raises
        ------
        AccountError
            The queue did not accept it, or did not answer: it may have been sent.
        """
        ...
