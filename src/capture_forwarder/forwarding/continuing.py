"""What becomes of a capture file whose time was up: continued where it advanced, else failed.

A file of a route that waits goes the same way before it is read.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    ContinuationError,
    ForwarderError,
    NoProgressError,
    OutOfTimeError,
)
from capture_forwarder.core.ports import Clock, Continuations
from capture_forwarder.forwarding.deadline import Watched
from capture_forwarder.forwarding.options import Invocation
from capture_forwarder.forwarding.route import Route

_LEAST_SECONDS = 0.3


class Continuing:
    """Sends continuations.

    Parameters
    ----------
    continuations
        The queue that takes them; without one, a file whose time was up fails and comes again.
    clock
        Time.
    """

    def __init__(self, continuations: Continuations | None, clock: Clock) -> None:
        self._continuations = continuations
        self._clock = clock

    def go_on(
        self,
        capture_file: CaptureFile,
        late: Mapping[Route, OutOfTimeError],
        hops: int,
        invocation: Invocation,
    ) -> list[ForwarderError]:
        """Have a later invocation go on where this one brought something to an end.

        Where it brought nothing to an end, it has failed.

        Returns
        -------
        list
            Why the message must come again.
        """
        failures: dict[Route, ForwarderError] = {}
        going_on = []
        for route, error in late.items():
            if error.report is None or not error.report.advanced:
                failures[route] = _no_progress(capture_file, error)
            elif self._continuations is None:
                failures[route] = error
            else:
                going_on.append(route)
        names = [route.name for route in going_on]
        if going_on and (failure := self._send_on(capture_file, hops, names, 0, invocation)):
            failures |= {route: _with_report(failure, late[route]) for route in going_on}
        for route, error in late.items():
            if route in failures:
                route.reporter.failed(str(capture_file), failures[route])
            else:
                route.reporter.continued(capture_file, hops, error.report)
        return list(failures.values())

    def waiting(self, routes: Iterable[Route], back: Collection[str]) -> list[Route]:
        """Which of a file's routes have it wait first; none where nothing can keep it.

        Parameters
        ----------
        routes
            The routes.
        back
            The names of those on which it has come back.
        """
        if self._continuations is None:
            return []
        return [route for route in routes if route.delay_seconds and route.name not in back]

    def wait(
        self,
        capture_file: CaptureFile,
        waiting: Sequence[Route],
        hops: int,
        invocation: Invocation,
    ) -> list[ForwarderError]:
        """Have a file come back on these routes, on each when its time has passed.

        Returns
        -------
        list
            Why the message must come again.
        """
        failures = []
        for route in waiting:
            seconds = route.delay_seconds
            failure = self._send_on(capture_file, hops, [route.name], seconds, invocation)
            if failure:
                route.reporter.failed(str(capture_file), failure)
                failures.append(failure)
            else:
                route.reporter.postponed(capture_file, seconds)
        return failures

    def _send_on(
        self,
        capture_file: CaptureFile,
        hops: int,
        routes: Sequence[str],
        delay_seconds: int,
        invocation: Invocation,
    ) -> ForwarderError | None:
        """Send a continuation, as long as there is time for it."""
        continuations = self._continuations
        assert continuations is not None  # noqa: S101 - asked before

        def send() -> ForwarderError | None:
            try:
                continuations.send(capture_file, hops, routes, delay_seconds)
            except ForwarderError as failure:
                return failure
            return None

        if invocation.deadline is None:
            return send()
        sending = Watched(send, "continuation")
        left = invocation.deadline - self._clock.monotonic()
        if sending.ends_within(max(_LEAST_SECONDS, left)):
            return sending.result()
        message = f"The rest of {capture_file} could not be continued: the queue did not answer."
        return ContinuationError(message, "Its message comes again.")


def _with_report(failure: ForwarderError, late: ForwarderError) -> ForwarderError:
    other = copy.copy(failure)
    other.report = late.report
    return other


def _no_progress(capture_file: CaptureFile, late: OutOfTimeError) -> NoProgressError:
    report = late.report
    requests = report.requests if report else 0
    error = NoProgressError(
        f"Nothing of {capture_file} was brought to an end in this invocation, in which "
        f"{requests} requests were made for it. {late.message}",
        "Its message goes back to the queue. When this is repeated, give the function more time "
        "(Timeout), or look at why the platform or AWS answers so slowly.",
    )
    error.report = report
    return error
