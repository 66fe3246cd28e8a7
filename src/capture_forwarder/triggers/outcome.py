"""What became of a message, in words for its source."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.core.errors import ForwarderError


class Outcome(msgspec.Struct, frozen=True):
    """What became of a capture file, or of a message with all of its capture files.

    Parameters
    ----------
    text
        What happened.
    error
        Why it failed; without an error, the message is acknowledged.
    """

    text: str
    error: ForwarderError | None = None


FORWARDED = Outcome("forwarded")
CONTINUED = Outcome("continued: a later invocation forwards the rest")


def skipped(why: str) -> Outcome:
    """A capture file that is acknowledged without being read."""
    return Outcome(f"skipped: {why}")


def failed(error: ForwarderError) -> Outcome:
    """A capture file or a message that its source has to deliver again."""
    return Outcome(str(error), error)


def outcome_of_message(outcomes: Sequence[Outcome]) -> Outcome:
    """What became of a message, from what became of its capture files: the first error, if any."""
    for outcome in outcomes:
        if outcome.error is not None:
            return outcome
    texts = dict.fromkeys(outcome.text for outcome in outcomes)
    return Outcome("; ".join(texts) or "no capture file to forward")
