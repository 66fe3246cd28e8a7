"""What a check finds: fine, worth a look, broken, or not to be known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from capture_forwarder.core.errors import ForwarderError, NotAllowedError
from capture_forwarder.setup.subject import Subject


class Status(StrEnum):
    """How a check ends."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """One thing that a check finds: what it is, and what to do about it."""

    status: Status
    says: str
    todo: str = ""


@dataclass(frozen=True)
class Finding:
    """What a check found, with the check's name."""

    check: str
    status: Status
    says: str
    todo: str = ""


@dataclass(frozen=True)
class Check:
    """One question about a deployment.

    Parameters
    ----------
    name
        What it is about.
    fine
        What to say if it finds nothing.
    look
        Looks, and yields what it finds.
    """

    name: str
    fine: str
    look: Callable[[Subject], Iterator[Found]]

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """Ask the question; what AWS does not answer is unknown, and never a failure."""
        nothing = True
        try:
            for found in self.look(subject):
                nothing = False
                yield Finding(self.name, found.status, found.says, found.todo)
        except ForwarderError as error:
            nothing = False
            found = not_known(error)
            yield Finding(self.name, found.status, found.says, found.todo)
        if nothing:
            yield Finding(self.name, Status.OK, self.fine)


def failure(says: str, todo: str = "") -> Found:
    """Something that keeps data from arriving."""
    return Found(Status.FAILURE, says, todo)


def warning(says: str, todo: str = "") -> Found:
    """Something that works, and that somebody should look at."""
    return Found(Status.WARNING, says, todo)


def fine(says: str) -> Found:
    """Something that is as it should be, and worth a sentence of its own."""
    return Found(Status.OK, says)


def not_known(error: ForwarderError) -> Found:
    """What a check cannot find out, and what would let it."""
    if isinstance(error, NotAllowedError):
        says = f"You may not look: {error.action} is not allowed to you."
        return Found(Status.UNKNOWN, says, f"Allow {error.action} and run the command again.")
    return Found(Status.UNKNOWN, error.message, error.advice)
