"""What became of records that OpenScale has accepted, and stores later.

Source: ibm-watson-openscale 3.1.11 (`DataSets.store_records`, `get_update_status`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
import requests

from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.core.ports import Clock
from capture_forwarder.publishers.http import Service
from capture_forwarder.publishers.openscale.answers import not_stored
from capture_forwarder.publishers.openscale.connection import OpenScaleConnection

OUTCOME_SECONDS = 120.0
"""How long an outcome that is still open is asked for."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 10.0
_ASKING = "ask whether records are stored"
_UNKNOWN = "does not know of records that it has accepted"


class _Outcome(msgspec.Struct, frozen=True):
    state: str
    failure: object = None


class Outcomes:
    """Asks what became of requests; may be used from several threads.

    Parameters
    ----------
    connection, service
        Who is asked.
    clock
        Time, and the waiting between questions.
    """

    def __init__(self, connection: OpenScaleConnection, service: Service, clock: Clock) -> None:
        self._connection = connection
        self._service = service
        self._clock = clock

    def request_id(self, response: requests.Response) -> str:
        """Where the outcome is asked for: the last part of the address that OpenScale names.

        Only that part: the address may name a host that only the Cloud Pak itself can reach, and
        the token must go to no host but ours.

        Raises
        ------
        PlatformUnavailableError
            It names none.
        """
        path = urlsplit(response.headers.get("Location", "")).path
        name = path.rstrip("/").rpartition("/")[2]
        if not name:
            raise self._service.foreign("accepted records without saying where their outcome is")
        return name

    def wait(self, path: str, deadline: float | None) -> None:
        """Ask until a request is stored; a fault in between is no outcome.

        Raises
        ------
        PlatformUnavailableError
            It was not in time, or the platform failed at it.
        BatchRefusedError
            The platform will not store it.
        """
        end = self._clock.monotonic() + OUTCOME_SECONDS
        end = end if deadline is None else min(end, deadline)
        wait = _FIRST_WAIT
        fault: PlatformUnavailableError | None = None
        while self._clock.monotonic() + wait < end:
            self._clock.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
            try:
                outcome = self._connection.get(path, _ASKING, _Outcome, _UNKNOWN)
            except PlatformUnavailableError as error:
                fault = error
                wait = max(wait, error.retry_after or 0.0)
                continue
            if outcome.state == "active":
                return
            if outcome.state == "error":
                raise not_stored(self._service, outcome.failure)
        message = f"OpenScale at {self._service.url} accepted a batch and did not store it in time."
        advice = "It is sent again with the same ids."
        # Not before it would have been asked for again: shortly before a deadline, never.
        raise PlatformUnavailableError(message, advice, retry_after=wait) from fault
