"""Whoever announces capture files that nobody announced, on the function's own initiative."""

from __future__ import annotations

from typing import Protocol

from capture_forwarder.core.listing import ListRequest


class Lister(Protocol):
    """Works off requests for listings."""

    def work(self, request: ListRequest, owner: str, deadline: float | None) -> str:
        """Do as much of it as there is time and room for, and leave the rest to a later request.

        Parameters
        ----------
        request
            What to list, and from where on.
        owner
            Names the invocation in the ledger.
        deadline
            When it must have ended, in the clock's monotonic time; None for never.

        Returns
        -------
        str
            What happened, for the message's source. The message may be acknowledged.

        Raises
        ------
        ForwarderError
            Nothing could be done, or it is not known whether the rest is left to a later request.
        """
        ...
