"""What every way of reading a payload says of JSON, of text that is none, and of failed calls."""

from __future__ import annotations

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.decode import Format
from capture_forwarder.parser.formats.json_text import NOTHING, decode_documents
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.formats.wrapped import opened
from capture_forwarder.parser.rejected import RejectedError

_BEGINNINGS = frozenset("{[")


def document_in(form: Format, content: str) -> object:
    """The JSON in a text, wrapped payloads opened; `NOTHING` where there is none.

    Only a text that declares to be JSON may be any document; another has to look like one.
    """
    declared = form in {Format.JSON, Format.JSON_LINES}
    if not declared and content.lstrip()[:1] not in _BEGINNINGS:
        return NOTHING
    return opened(decode_documents(content, lines=form is Format.JSON_LINES))


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
    readings = csv_readings(text, name)
    lists = [reading for reading in readings if not reading.text]
    if not lists:
        detail = f"The {name} is neither JSON nor JSON Lines; it may have been cut."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
    return lists


def failed_call(name: str) -> RejectedError:
    """Say that a side is what an endpoint answers when its model fails."""
    detail = f"The {name} is an error message: the model failed on this call."
    return RejectedError(Reason.ERROR_RESPONSE, detail)
