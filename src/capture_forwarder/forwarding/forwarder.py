"""An event from first look to answer: messages, their files, routes and outcomes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Protocol, TypeVar
from uuid import uuid4

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    ContinuationError,
    ForwarderError,
    OutOfTimeError,
    UnexpectedError,
    UnknownEventError,
)
from capture_forwarder.core.ports import Clock, Continuations, Lister, Reporter
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.announcing import announce
from capture_forwarder.forwarding.continuing import Continuing
from capture_forwarder.forwarding.deadline import in_time
from capture_forwarder.forwarding.down import Down
from capture_forwarder.forwarding.options import Invocation
from capture_forwarder.forwarding.route import Route
from capture_forwarder.forwarding.turns import Turns
from capture_forwarder.triggers import (
    CONTINUED,
    FORWARDED,
    Message,
    Outcome,
    answer,
    failed,
    outcome_of_message,
    read_event,
    skipped,
)

_Found = TypeVar("_Found")


class Router(Protocol):
    """Knows which routes a capture file takes, and what is never taken as input."""

    def routes(self, capture_file: CaptureFile) -> Sequence[Route]:
        """The routes of a capture file, none if no route is for it.

        Raises
        ------
        ForwarderError
            The routes cannot be read.
        """
        ...

    def is_output(self, capture_file: CaptureFile) -> bool:
        """Whether the file is one that the forwarder itself has written."""
        ...


class Forwarder:
    """Forwards what events announce; made once and used for many events.

    Parameters
    ----------
    router
        Says which routes a capture file takes.
    clock
        Time.
    reporter
        Reports what belongs to no route.
    continuations
        The queue that takes files whose time is up; without one, such a file fails and
        comes again. It needs a ledger.
    make_lister
        Makes what works off requests for listings, when the first one comes; without it, they are
        refused.
    """

    def __init__(
        self,
        router: Router,
        clock: Clock,
        reporter: Reporter,
        continuations: Continuations | None = None,
        make_lister: Callable[[], Lister] | None = None,
    ) -> None:
        self._router = router
        self._clock = clock
        self._reporter = reporter
        self._continuing = Continuing(continuations, clock)
        self._lister = None if make_lister is None else cache(make_lister)

    def handle(
        self,
        event: Mapping[str, object],
        *,
        owner: str | None = None,
        seconds_left: float | None = None,
    ) -> dict[str, object]:
        """Forward every object of an event and answer its source.

        Parameters
        ----------
        event
            The event, decoded.
        owner
            Names this invocation in the ledger; by default a name that no other has.
        seconds_left
            How long it may take; None for as long as it takes.

        Raises
        ------
        UnknownEventError
            The event has no known shape.
        CaptureFilesFailedError
            Something failed and the source understands only an error.
        """
        trigger = read_event(event)
        owner = owner or str(uuid4())
        end = None if seconds_left is None else self._clock.monotonic() + seconds_left
        down: Down[Route] = Down({})
        # What was left waiting most often goes first, so that nothing waits for ever.
        messages = dict(enumerate(trigger.messages))
        order = sorted(messages, key=lambda index: -messages[index].receives)
        files = sum(
            len(message.capture_files) + (message.listing is not None)
            for message in trigger.messages
        )
        turns = Turns(self._clock, owner, end, files)
        outcomes = {index: self._deliver(messages[index], turns, down) for index in order}
        return answer(trigger, event, [outcomes[index] for index in messages])

    def forward(
        self,
        capture_file: CaptureFile,
        down: dict[str, ForwarderError],
        invocation: Invocation | None = None,
    ) -> Mapping[str, FileReport | ForwarderError]:
        """Forward one object on all its routes.

        May be called from several threads at once.

        Parameters
        ----------
        capture_file
            The object.
        down
            Route → why its platform takes nothing; see `Down`. Routes whose platform is found
            down are added, for the next call.
        invocation
            By default one without a deadline.

        Returns
        -------
        Mapping
            Route → the accounting, or why it was not forwarded to its end. Empty if no route is
            for the file.

        Raises
        ------
        ForwarderError
            The routes cannot be read.
        """
        invocation, known = invocation or Invocation(), Down(down)
        routes = self._router.routes(capture_file)
        why = {route.name: known.why(route.name) for route in routes}
        tried = [route for route in routes if why[route.name] is None]
        outcomes = _at_once(
            tried,
            lambda route: _outcome(route, capture_file, known.as_tried(route.name, invocation)),
        )
        for route, outcome in outcomes.items():
            known.note(route.name, outcome if isinstance(outcome, ForwarderError) else None)
        tried_names = {route.name: outcome for route, outcome in outcomes.items()}
        found = {route.name: tried_names.get(route.name) or why[route.name] for route in routes}
        return {name: outcome for name, outcome in found.items() if outcome is not None}

    def is_output(self, capture_file: CaptureFile) -> bool:
        """Whether a file is one that the forwarder wrote; see `Router.is_output`."""
        return self._router.is_output(capture_file)

    def _deliver(self, message: Message, turns: Turns, down: Down[Route]) -> Outcome:
        """Forward all capture files of a message, the others also when one fails."""
        if message.problem:
            problem = UnknownEventError(message.problem)
            self._reporter.failed(f"message {message.id}", problem)
            return failed(problem)
        if message.listing is not None:
            return announce(message.listing, self._lister, turns.next(), self._reporter)
        for what in message.skipped:
            self._reporter.message_skipped(message.id, what)
        return outcome_of_message(
            [
                *map(skipped, message.skipped),
                *(self._file(file, turns.next(), message, down) for file in message.capture_files),
            ]
        )

    def _file(
        self,
        capture_file: CaptureFile,
        invocation: Invocation,
        message: Message,
        down: Down[Route],
    ) -> Outcome:
        """Forward a capture file on its routes, of those that the message is for."""
        if self._router.is_output(capture_file):
            return self._skip(capture_file, "what the forwarder wrote is never taken as input")
        try:
            routes = in_time(
                lambda: self._router.routes(capture_file),
                "the routes file",
                self._clock,
                invocation.deadline,
            )
        except ForwarderError as error:
            self._reporter.failed(str(capture_file), error)
            return failed(error)
        if gone := message.routes - {route.name for route in routes}:
            problem = _route_gone(capture_file, gone)
            self._reporter.failed(str(capture_file), problem)
        if message.routes:
            routes = [route for route in routes if route.name in message.routes]
        elif not routes:
            return self._skip(capture_file, "no route is for it")
        waiting = self._continuing.waiting(routes, message.routes)
        tried = [route for route in routes if route not in waiting]
        errors = self._attempt(capture_file, tried, invocation, down)
        late = {
            route: error for route, error in errors.items() if isinstance(error, OutOfTimeError)
        }
        broken = [error for error in errors.values() if not isinstance(error, OutOfTimeError)]
        hops = message.hops + 1
        broken += self._continuing.go_on(capture_file, late, hops, invocation)
        broken += self._continuing.wait(capture_file, waiting, hops, invocation)
        if gone or broken:
            return failed(problem if gone else broken[0])
        return CONTINUED if late or waiting else FORWARDED

    def _skip(self, capture_file: CaptureFile, why: str) -> Outcome:
        self._reporter.skipped(capture_file, why)
        return skipped(why)

    def _attempt(
        self,
        capture_file: CaptureFile,
        routes: Sequence[Route],
        invocation: Invocation,
        down: Down[Route],
    ) -> dict[Route, ForwarderError]:
        """Forward a capture file on several routes at once, so that none waits for another."""
        errors = {route: error for route in routes if (error := down.why(route)) is not None}
        for route, error in errors.items():
            route.reporter.failed(str(capture_file), error)
        tried = [route for route in routes if route not in errors]
        outcomes = _at_once(
            tried, lambda route: route.attempt(capture_file, down.as_tried(route, invocation))
        )
        for route, outcome in outcomes.items():
            down.note(route, outcome)
        return errors | {route: error for route, error in outcomes.items() if error is not None}


def _at_once(routes: Sequence[Route], work: Callable[[Route], _Found]) -> dict[Route, _Found]:
    """Do something on several routes at once, so that none waits for another."""
    if len(routes) < 2:  # noqa: PLR2004 - one alone needs no threads
        return {route: work(route) for route in routes}
    with ThreadPoolExecutor(len(routes), thread_name_prefix="route") as executor:
        return dict(zip(routes, executor.map(work, routes), strict=True))


def _outcome(
    route: Route, capture_file: CaptureFile, invocation: Invocation
) -> FileReport | ForwarderError:
    try:
        return route.forward(capture_file, invocation)
    except ForwarderError as error:
        return error
    except Exception as error:  # noqa: BLE001 - ends as a failure, never as a success
        return UnexpectedError(str(capture_file), error)


def _route_gone(capture_file: CaptureFile, names: Collection[str]) -> ContinuationError:
    listed = ", ".join(map(repr, sorted(names)))
    return ContinuationError(
        f"The rest of {capture_file} is to go by {listed}, and no route of that name takes the "
        "file any more.",
        "Give the route its name and its match back. To have the file go by the routes there are "
        "now, from its beginning, announce it anew, and delete this message.",
    )
