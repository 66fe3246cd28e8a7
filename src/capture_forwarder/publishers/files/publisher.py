"""Publish rows in files that other platforms and Athena read: JSON Lines, JSON or Parquet.

One batch is one file. Its name and its bytes depend on the lines of the capture file alone, so
that publishing a batch again, by whomever and however late, replaces its file by the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from types import GenericAlias

import msgspec

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.json_rows import JsonRows, take_rows
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
        self._ids_of = _ids_reader(key)

    @property
    def takes_json(self) -> bool:
        """Whether rows may come as JSON, which then is written as it is."""
        return self._form.of_json is not None

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
        if (of_json := self._form.of_json) and (fragments := self._flat_rows(batch)):
            first: Row = msgspec.json.decode(take_rows(fragments[0], 0, 1))
            self._files.put(self._name(batch, first), of_json(fragments))
            return ACCEPTED
        rows: list[Row] = []
        refused: dict[int, str] = {}
        for index, inference in enumerate(batch.inferences):
            row = self._row(inference)
            if (said := self._form.refusal(row)) is None:
                rows.append(row)
            else:
                refused[index] = said
        if rows:
            self._files.put(self._name(batch, rows[0]), self._form.encode(rows))
        return Receipt(refused) if refused else ACCEPTED

    def _name(self, batch: Batch, first: Row) -> str:
        return part_name(batch, self._route, first.get(self._time), self._form.suffix)

    def _flat_rows(self, batch: Batch) -> Sequence[JsonRows] | None:
        """The rows as they came as JSON, if they are flat for sure and have their ids."""
        held = batch.inferences
        if not isinstance(held, WrittenInferences):
            return None
        if not held.known.flat:
            objects = sum(rows.count(b"{") for rows in held.fragments)
            if objects != len(batch) or any(b"[" in rows for rows in held.fragments):
                return None
        if held.known.id_column != self._key:
            ids = chain.from_iterable(map(self._ids_of, held.fragments))
            return held.fragments if list(ids) == list(held.ids) else None
        return held.fragments

    def _row(self, inference: Inference) -> Row:
        row: Row = {self._key: inference.id, **inference.row}
        if row[self._key] != inference.id:
            message = (
                f"The column {self._key!r} is the inference's id, but another value is mapped."
            )
            raise PublisherMisconfiguredError(message, "Set FORWARDER_EVENT_ID_COLUMN.")
        return flat(row)


def _ids_reader(key: str) -> Callable[[JsonRows], list[object]]:
    """Make what reads the ids of rows that are JSON, and nothing else of them; none if it cannot.

    Parameters
    ----------
    key
        The column with the ids.
    """
    try:
        only_key = msgspec.defstruct("Row", [("key", object, None)], rename={"key": key}, gc=False)
    except ValueError:
        # msgspec takes no name with a quote, a backslash or a control character.
        return lambda _rows: []
    decode = msgspec.json.Decoder(GenericAlias(list, only_key)).decode
    of_row = attrgetter("key")
    return lambda rows: list(map(of_row, decode(b"[%b]" % rows)))
