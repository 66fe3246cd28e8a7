"""Which routes' platforms are down, by what befell the files so far."""

from __future__ import annotations

import copy
from collections.abc import MutableMapping
from typing import Generic, TypeVar

import msgspec

from capture_forwarder.core.errors import ForwarderError, PlatformUnavailableError, PublishError
from capture_forwarder.forwarding.options import Invocation

Key = TypeVar("Key")


class Down(Generic[Key]):
    """Remembers platforms that are down, so that they are not tried for every file.

    Several threads may share one.

    A row may be what a platform fails at, where nothing stands beside it that would tell. So the
    next file is tried too, once: if that fails as well, or anything else is wrong, the platform is
    left alone.

    Parameters
    ----------
    errors
        Route → why its platform takes nothing; filled here.
    """

    def __init__(self, errors: MutableMapping[Key, ForwarderError]) -> None:
        self._errors = errors

    def why(self, route: Key) -> ForwarderError | None:
        """Why nothing is tried on a route; None if a file is to be tried."""
        error = self._errors.get(route)
        return None if error is None or _may_be_a_row(error) else error

    def as_tried(self, route: Key, invocation: Invocation) -> Invocation:
        """The invocation for a file that is tried on a route."""
        if route not in self._errors:
            return invocation
        return msgspec.structs.replace(invocation, impatient=True)

    def note(self, route: Key, error: ForwarderError | None) -> None:
        """Note what became of a file that was tried on a route."""
        was_in_doubt = self._errors.pop(route, None) is not None
        if not isinstance(error, PublishError):
            return
        # What was done of the first file is reported only once.
        other = copy.copy(error)
        other.report = None
        if was_in_doubt and isinstance(other, PlatformUnavailableError):
            other.may_be_a_row = False
        self._errors[route] = other


def _may_be_a_row(error: ForwarderError) -> bool:
    return isinstance(error, PlatformUnavailableError) and error.may_be_a_row
