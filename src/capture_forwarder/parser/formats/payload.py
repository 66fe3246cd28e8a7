"""What every way of reading a side says of text that is no JSON, and of a call that failed."""

from __future__ import annotations

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.rejected import RejectedError


def bracketed_readings(text: str, name: str) -> list[Reading]:
    """Read what is no JSON as lists of values, as `[0.1, 0.7],[0.8, 0.1]`.

    Parameters
    ----------
    text
        The payload.
    name
        What to call it in a rejection: "request" or "response".

    Raises
    ------
    RejectedError
        With `undecodable-payload`: it is not that either.
    """
    readings = csv_readings(text, name, (), header=False, optional_header=False)
    lists = [reading for reading in readings if not reading.text]
    if not lists:
        detail = f"The {name} is neither JSON nor JSON Lines; it may have been cut."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
    return lists


def failed_call(name: str) -> RejectedError:
    """Say that a side is what an endpoint answers when its model fails."""
    detail = f"The {name} is an error message: the model failed on this call."
    return RejectedError(Reason.ERROR_RESPONSE, detail)
