"""JSON text → values: one document, or JSON Lines, or a document inside a string."""

from __future__ import annotations

import json
import math

import msgspec

from capture_forwarder.parser.bounds import holds_too_much

# Source: Python's documentation, "Integer string conversion length limitation".
_MOST_DIGITS = 4300
_decode = msgspec.json.Decoder().decode


class _Nothing:
    """Stands for text that is no JSON, since None is a JSON value."""


NOTHING = _Nothing()


class JsonLines(list[object]):
    """Documents that stood one a line: each of them is a record."""


def decode_json(text: str) -> object:
    """Decode one document; `NOTHING` if the text is none.

    NaN and infinities, which Python's json module writes although JSON has no such words, are
    None. A number that is too large for a double, or a whole number of more digits than Python
    reads, stays the text that it is written with.
    """
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        pass
    try:
        document = json.loads(
            text, parse_constant=lambda _: None, parse_float=_float, parse_int=_int
        )
        msgspec.json.encode(document)  # a lone surrogate decodes but can never be sent
    except (ValueError, RecursionError):
        return NOTHING
    return document


def decode_documents(text: str, *, lines: bool = False) -> object:
    """Decode a document, or several of them one a line as `JsonLines`.

    Parameters
    ----------
    text
        The payload.
    lines
        Whether it is known to be JSON Lines; then a single document is a line, too.
    """
    document = decode_json(text)
    if document is not NOTHING:
        return JsonLines([document]) if lines else document
    documents = [decode_json(line) for line in text.split("\n") if line.strip()]
    return NOTHING if NOTHING in documents or not documents else JsonLines(documents)


def decode_inside(text: str) -> object:
    """Decode the object or list that a JSON string holds; `NOTHING` if it holds neither."""
    if text.lstrip()[:1] not in {"{", "["} or holds_too_much(text):
        return NOTHING
    return decode_json(text)


def is_failure(document: object) -> bool:
    """Whether this is what SageMaker or a container answers when the model fails.

    Seen in real files: `{"code": 424, "message": ...}` and `{"ErrorCode": ..., "message": ...}`.
    """
    if not isinstance(document, dict):
        return False
    names = {str(key).lower() for key in document}
    return "message" in names and bool(names & {"code", "errorcode"})


def _int(text: str) -> int | str:
    return int(text) if len(text) < _MOST_DIGITS else text


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text
