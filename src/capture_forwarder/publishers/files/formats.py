"""How the rows of a file are written: the forms of JSON, and what any form must say."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from capture_forwarder.core.inference import Row
from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.core.json_rows import BETWEEN, JsonRows

_LEVEL = 1  # a fifth of the time of the usual level 6, for files a quarter larger
_GZIP = 16 + zlib.MAX_WBITS
_encoder = msgspec.json.Encoder()


class FileFormat(Protocol):
    """A form of files. The same rows are the same bytes, whenever and wherever they are written."""

    @property
    def suffix(self) -> str:
        """How the names of its files end."""
        ...

    @property
    def of_json(self) -> Callable[[Sequence[JsonRows]], bytes] | None:
        """What writes fragments of flat rows that are JSON; None where rows must be looked at."""
        ...

    def refusal(self, row: Row) -> str | None:
        """Say why a file of this form cannot hold a row, in words that quote no value of it."""
        ...

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Write rows, of which there is at least one and none that is refused.

        Parameters
        ----------
        rows
            Flat: a value is null, true or false, a number, a text or a list of those.

        Returns
        -------
        bytes
            The whole file.

        Raises
        ------
        PublishError
            The rows cannot be written; see `Publisher.publish`.
        """
        ...


class JsonLines:
    """One JSON object a line, zipped. NaN and infinities are null."""

    suffix = ".jsonl.gz"

    def of_json(self, fragments: Sequence[JsonRows]) -> bytes:
        """Write rows that are JSON; see `FileFormat.of_json`."""
        return _zipped(b"".join(map(_lines, fragments)))

    def refusal(self, row: Row) -> str | None:
        """Nothing; see `FileFormat.refusal`."""
        del row
        return None

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Write rows; see `FileFormat.encode`."""
        return _zipped(_encoder.encode_lines(rows))


class JsonArray:
    """One JSON document, a list of objects; not zipped, which its readers could not read.

    This is what Arthur's platform reads: `read_file` and `_secondary_filter_primary_timestamp` in
    ml-engine/src/ml_engine/connectors/bucket_based_connector.py of arthur-ai/arthur-engine load a
    file as one document and parse the time of each row, and fail as a whole at a row without one.

    Parameters
    ----------
    time
        The column with the time of the call, without which a row is refused.
    """

    suffix = ".json"
    of_json = None

    def __init__(self, time: str) -> None:
        self._time = time

    def refusal(self, row: Row) -> str | None:
        """Refuse a row without a time; see `FileFormat.refusal`."""
        time = row.get(self._time)
        if time is None:
            return f"The row has no time in {self._time!r}; readers of JSON arrays need one."
        if isinstance(time, str) and _is_time(time):
            return None
        return (
            f"What the row has in {self._time!r} is no time in ISO 8601; readers of JSON arrays "
            "need one."
        )

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Write rows, one a line for whoever looks into the file; see `FileFormat.encode`."""
        return b"[\n" + b",\n".join(map(_encoder.encode, rows)) + b"\n]\n"


def _lines(rows: JsonRows) -> bytes:
    """Put each row on a line of its own; bytes.replace would take two and a half times as long."""
    *before, last = rows.split(b"\n")
    return b"\n".join([*(row[: 1 - len(BETWEEN)] for row in before), last, b""])


def _zipped(lines: bytes) -> bytes:
    """Zip lines; zlib writes no time into the header, so that the same lines are the same bytes.

    In one piece, during which other threads work; after each piece, it would wait for its turn.
    """
    return zlib.compress(lines, _LEVEL, _GZIP)


def flat(row: Row) -> Row:
    """Make a row flat: a list in a list, or an object, becomes text, its JSON."""
    return {name: _flat(value) for name, value in row.items()}


def _flat(value: object) -> object:
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return value
    if isinstance(value, list | dict):
        return _encoder.encode(value).decode()
    return value


def _is_time(text: str) -> bool:
    try:
        parse_iso_time(text)
    except (ValueError, OverflowError):
        return False
    return True
