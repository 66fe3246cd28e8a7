"""The message that asks the function to list capture files and announce them to itself.

It is `{"captureForwarder": {"list": {...}}}`, with the fields of `ListRequest`. It is read from the
function's queue alone: whoever may send there may announce files anyway.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from capture_forwarder.core.listing import ListRequest
from capture_forwarder.triggers.notification import MalformedError

_FIELD = "captureForwarder"
_LIST = "list"


def write_list_request(request: ListRequest) -> str:
    """Write the message's body."""
    return msgspec.json.encode({_FIELD: {_LIST: request}}).decode()


def read_list_request(message: object) -> ListRequest | None:
    """Read a message that asks for a listing; None for any other message.

    Parameters
    ----------
    message
        The message's body, decoded.

    Raises
    ------
    MalformedError
        It asks for a listing, and is not as `write_list_request` writes it.
    """
    facts = message.get(_FIELD) if isinstance(message, Mapping) else None
    if not isinstance(facts, Mapping) or _LIST not in facts:
        return None
    if len(facts) > 1 or not isinstance(message, Mapping) or len(message) > 1:
        text = "a request for a listing beside something else"
        raise MalformedError(text)
    try:
        return msgspec.convert(facts[_LIST], ListRequest)
    except msgspec.ValidationError as error:
        text = f"a request for a listing that cannot be read ({error})"
        raise MalformedError(text) from error
