"""A captured payload → its content in the format that it is written in.

`encoding` says how SageMaker put the bytes into the line; the content type, without its
parameters, says what they are. Either may be missing or wrong: endpoints answer JSON as
text/html, and without CaptureContentTypeHeader every payload is BASE64.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from enum import StrEnum
from functools import lru_cache

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import holds_too_much, too_much
from capture_forwarder.parser.call import CapturedPayload
from capture_forwarder.parser.formats.npy import MAGIC as NPY_MAGIC
from capture_forwarder.parser.rejected import RejectedError


class Format(StrEnum):
    """The formats that a payload can be read in."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "json lines"
    NPY = "npy"
    TEXT = "text"
    EVENTS = "events"
    UNKNOWN = "unknown"


_BY_CONTENT_TYPE = {
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "application/json": Format.JSON,
    "application/jsonlines": Format.JSON_LINES,
    "application/jsonl": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/x-jsonl": Format.JSON_LINES,
    "application/ndjson": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
    "application/x-npy": Format.NPY,
    "application/x-text": Format.TEXT,
    "text/json": Format.JSON,
    "text/event-stream": Format.EVENTS,
}
# Python's codecs for domain names, whose time grows with the square of the text.
_NO_CHARSETS = frozenset({"idna", "punycode"})
_NEVER_TABULAR = ("image/", "audio/", "video/", "font/")


def content_type_of(side: CapturedPayload) -> str:
    """The content type in lower case, without its parameters; empty when there is none."""
    return _essence(side.observed_content_type or "")


@lru_cache(maxsize=64)
def known_content(content_type: str | None) -> tuple[Format | None, bool] | None:
    """Tell what a content type says, before the content is looked at.

    Returns
    -------
    tuple or None
        The format, `UNKNOWN` where it says none, and whether the text is in UTF-8. None for what
        never holds columns.
    """
    written = content_type or ""
    essence = _essence(written)
    if essence.startswith(_NEVER_TABULAR):
        return None
    return _wanted(essence), _charset(written) is None


def _wanted(essence: str) -> Format:
    if known := _BY_CONTENT_TYPE.get(essence):
        return known
    if essence.endswith("+json"):
        return Format.JSON
    return Format.TEXT if essence.startswith("text/") else Format.UNKNOWN


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def decode_payload(side: CapturedPayload, name: str) -> tuple[Format, str | bytes]:
    """Undo the encoding and find the format.

    Parameters
    ----------
    side
        A captured payload whose `data` is not None.
    name
        What to call it in a rejection: "request" or "response".

    Returns
    -------
    tuple
        The format with the text, or with the bytes where the format is npy. `UNKNOWN` is what
        neither the content type nor the encoding tell.

    Raises
    ------
    RejectedError
        With `undecodable-payload`, `unsupported-content-type` or `too-many-values`.
    """
    content_type = content_type_of(side)
    if content_type.startswith(_NEVER_TABULAR):
        kind = content_type.partition("/")[0]
        detail = f"The {name} is of the type {kind}/*, which holds no columns."
        raise RejectedError(Reason.UNSUPPORTED_CONTENT_TYPE, detail)
    wanted = _wanted(content_type)
    data = side.data or ""
    if side.encoding == "BASE64":
        raw = _unbase64(data, name)
        if wanted is Format.NPY or raw.startswith(NPY_MAGIC):
            return Format.NPY, raw
        text = _text(raw, side, name, known=wanted is not Format.UNKNOWN)
    elif side.encoding in {"CSV", "JSON", None}:
        text = data
    else:
        detail = f"The encoding of the {name} is none of CSV, JSON and BASE64."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
    if "\0" in text:
        detail = f"The {name} holds a NUL character, which no text format allows."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
    if holds_too_much(text):
        raise too_much(name)
    if wanted is Format.UNKNOWN and side.encoding == "CSV":
        wanted = Format.CSV
    return wanted, text


def _unbase64(data: str, name: str) -> bytes:
    try:
        # Line breaks inside base64 are legal (RFC 2045); every other stray character is not.
        return base64.b64decode(data.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        detail = f"The {name} says it is BASE64 but is not: {error}."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail) from error


def _text(raw: bytes, side: CapturedPayload, name: str, *, known: bool) -> str:
    charset = _charset(side.observed_content_type or "")
    try:
        text = raw.decode(_codec(charset) if charset else "utf-8-sig")
        text.encode()
    except (ValueError, LookupError) as error:
        if known or charset:
            coded = "the charset that its content type names" if charset else "UTF-8"
            detail = f"The {name} is not text in {coded}: {type(error).__name__}."
            raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail) from error
        detail = (
            f"The {name} is neither CSV, JSON nor npy, and its content type is missing or unknown."
        )
        raise RejectedError(Reason.UNSUPPORTED_CONTENT_TYPE, detail) from error
    return text


def _codec(charset: str) -> str:
    codec = codecs.lookup(charset).name
    if codec in _NO_CHARSETS:
        raise LookupError(charset)
    return codec


def _charset(content_type: str) -> str | None:
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip("\"'").lower()
            return None if charset in {"", "utf-8", "utf8"} else charset
    return None
