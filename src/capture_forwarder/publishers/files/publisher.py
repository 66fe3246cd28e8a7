"""Publish rows in files that other platforms and Athena read: JSON Lines, JSON or Parquet.

One batch is one file. Its name and its bytes depend on the lines of the capture file alone, so
that publishing a batch again, by whomever and however late, replaces its file by the same one.
"""

from __future__ import annotations

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.ports import PartFiles
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.files.formats import FileFormat, JsonLines, flat
from capture_forwarder.publishers.files.part_names import part_name

KEY = "inference_id"
TIME = "inference_time"

_LIMITS = BatchLimits(rows=10_000, bytes=8 * 1024 * 1024, requests=2, whole_lines=True)
_JSON_LINES = JsonLines()


class FilePublisher:
    """Rows in files.

    A row is flat: a value is null, true or false, a number, a text or a list of those. What is
    nested deeper becomes text, its JSON. NaN and infinities are null.

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
    form
        How the rows of a file are written.
    """

    def __init__(
        self,
        files: PartFiles,
        route: str,
        key: str = KEY,
        time: str = TIME,
        form: FileFormat = _JSON_LINES,
    ) -> None:
        self._files = files
        self._route = route
        self._key = key
        self._time = time
        self._form = form

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

        Where the form refuses all rows, there is no file.

        Raises
        ------
        PlatformUnavailableError, CredentialsRefusedError, PublisherMisconfiguredError
            The file was not stored for sure, or another value is mapped to the id's column.
        """
        del deadline
        rows: list[Row] = []
        refused: dict[int, str] = {}
        for index, inference in enumerate(batch.inferences):
            row = self._row(inference)
            if (said := self._form.refusal(row)) is None:
                rows.append(row)
            else:
                refused[index] = said
        if rows:
            name = part_name(batch, self._route, rows[0].get(self._time), self._form.suffix)
            self._files.put(name, self._form.encode(rows))
        return Receipt(refused) if refused else ACCEPTED

    def _row(self, inference: Inference) -> Row:
        row: Row = {self._key: inference.id, **inference.row}
        if row[self._key] != inference.id:
            message = (
                f"The column {self._key!r} is the inference's id, but another value is mapped."
            )
            raise PublisherMisconfiguredError(message, "Set FORWARDER_EVENT_ID_COLUMN.")
        return flat(row)
