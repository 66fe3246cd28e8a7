"""The metadata columns as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.parser.fast.csv_columns import WrittenColumn

_encode_lines = msgspec.json.Encoder().encode_lines
# What a JSON text cannot hold as it stands.
_ESCAPED = bytes(range(32)) + b'"\\'


def as_json(values: Sequence[object]) -> WrittenColumn:
    """Write a column."""
    try:
        text = "".join(values).encode()  # type: ignore[arg-type]
    except TypeError:
        return WrittenColumn(_each(values))
    if len(text.translate(None, _ESCAPED)) < len(text):
        return WrittenColumn(_each(values))
    return WrittenColumn(values, bare=True)  # type: ignore[arg-type]


def _each(values: Sequence[object]) -> list[str]:
    return _encode_lines(values).decode().split("\n")[:-1]
