"""A message that asks for a listing: capture files that nobody announced are announced."""

from __future__ import annotations

from collections.abc import Callable

from capture_forwarder.core.errors import ForwarderError, UnexpectedError, UnknownEventError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports import Lister, Reporter
from capture_forwarder.forwarding.options import Invocation
from capture_forwarder.triggers import Outcome, failed


def announce(
    request: ListRequest,
    lister: Callable[[], Lister] | None,
    invocation: Invocation,
    reporter: Reporter,
) -> Outcome:
    """Do a step of a listing; what fails is reported.

    Parameters
    ----------
    request
        What to list.
    lister
        Makes what lists; None where nothing is listed.
    invocation
        Who works on it, and until when.
    reporter
        Who is told of a failure.
    """
    what = f"backfill {request.id}"
    if lister is None:
        message = "A message asks for a listing, which is not done here."
        error: ForwarderError = UnknownEventError(
            message, "Send it to the queue of a deployed function."
        )
    else:
        try:
            return Outcome(lister().work(request, invocation.owner, invocation.deadline))
        except ForwarderError as problem:
            error = problem
        except Exception as fault:  # noqa: BLE001 - ends as a failure, never as a success
            error = UnexpectedError(what, fault)
    reporter.failed(what, error)
    return failed(error)
