"""Publish rows as gzip JSON Lines, in files that other platforms and Athena read.

One batch is one file. Its name and its bytes depend on the lines of the capture file alone, so
that publishing a batch again, by whomever and however late, replaces its file by the same one.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import msgspec

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.ports import PartFiles
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.files.part_names import part_name

KEY = "inference_id"
TIME = "inference_time"

_LIMITS = BatchLimits(rows=10_000, bytes=8 * 1024 * 1024, requests=2, whole_lines=True)
_LEVEL = 6  # a third of the time of the highest level, for files a few per cent larger
_NESTED = (list, dict)
_encoder = msgspec.json.Encoder()


class FilePublisher:
    """Rows in files, one JSON object a line.

    An object is flat: a value is null, true or false, a number, a text or a list of those. What
    is nested deeper becomes text, its JSON. NaN and infinities are null.

    Parameters
    ----------
    files
        Where the files go.
    route
        The route's name, which is part of each file's.
    key
        The column with the inference's id.
    time
        The column with the time of the call.
    """

    def __init__(self, files: PartFiles, route: str, key: str = KEY, time: str = TIME) -> None:
        self._files = files
        self._route = route
        self._key = key
        self._time = time

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most that one file holds.

        Lines stay whole: where a line went over into the next file, resuming in front of it
        would put it into two.
        """
        return _LIMITS

    def schema(self) -> Schema:
        """No types, but columns for the id and the time of an inference."""
        return Schema(event_id_column=self._key, timestamp_column=self._time)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Store the rows in one file; see `Publisher.publish`.

        Raises
        ------
        PlatformUnavailableError, CredentialsRefusedError, PublisherMisconfiguredError
            The file was not stored for sure, or another value is mapped to the id's column.
        """
        del deadline
        lines = _encoder.encode_lines([self._row(inference) for inference in batch.inferences])
        # Without a time in its header, the same rows are the same bytes.
        data = gzip.compress(lines, _LEVEL, mtime=0)
        self._files.put(part_name(batch, self._route, self._time), data)
        return ACCEPTED

    def _row(self, inference: Inference) -> Row:
        row: Row = {self._key: inference.id, **inference.row}
        if row[self._key] != inference.id:
            message = (
                f"The column {self._key!r} is the inference's id, but another value is mapped."
            )
            raise PublisherMisconfiguredError(message, "Set FORWARDER_EVENT_ID_COLUMN.")
        for name, value in row.items():
            if isinstance(value, _NESTED):
                row[name] = _flat(value)
        return row


def _flat(value: Sequence[object] | dict[str, object]) -> object:
    """A list of plain values as it is, all else as its JSON."""
    if isinstance(value, list) and not any(isinstance(item, _NESTED) for item in value):
        return value
    return _encoder.encode(value).decode()
