"""`groundTruthData` → its records: one label in nearly every file, or several of one call.

CSV is what SageMaker takes; JSON and base64 are read as in captures.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.rejected import RejectedError

Values = Sequence[object] | Mapping[str, object]
"""The labels of one row: in the order of the columns, or by name."""

_decode = msgspec.json.Decoder().decode


def records_in(held: Any) -> tuple[list[Values], bool]:  # noqa: ANN401 - whatever JSON holds
    """Read what stands under `groundTruthData`.

    Returns
    -------
    tuple
        The records, none where there is no label, and whether their texts are those of CSV.

    Raises
    ------
    RejectedError
        With `not-a-label`.
    """
    data = held.get("data") if isinstance(held, dict) else None
    encoding = held.get("encoding") if isinstance(held, dict) else None
    if not isinstance(held, dict) or "data" not in held:
        raise _none("groundTruthData has no data.")
    if data is None:
        return [], False
    if not isinstance(data, str):
        return _records(data), False
    if encoding == "JSON":
        try:
            return _records(_decode(data)), False
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            raise _none("The label says that it is JSON, and is not.") from None
    if encoding == "BASE64":
        try:
            data = base64.b64decode(data, validate=True).decode("utf-8-sig")
        except (binascii.Error, ValueError):
            raise _none("The label says that it is BASE64 text, and is not.") from None
    elif encoding not in {"CSV", None}:
        raise _none("The encoding of the label is none of CSV, JSON and BASE64.")
    return _csv(data), True


def _csv(text: str) -> list[Values]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        return [row for row in rows if row]
    except csv.Error:
        raise _none("The label is CSV whose quotes are broken.") from None


def _records(document: object) -> list[Values]:
    items = document if isinstance(document, list) else [document]
    return [item if isinstance(item, dict | list) else [item] for item in items]


def _none(detail: str) -> RejectedError:
    return RejectedError(Reason.NOT_A_LABEL, detail)
