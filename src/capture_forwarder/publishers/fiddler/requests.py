"""Inferences → the body of `POST /v3/events`; labels → that of `PATCH`.

Source: fiddler-client 3.14.1, `EventPublisher.publish_stream` and `Model.update_event`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.json_rows import JsonRowEncoder, JsonRows
from capture_forwarder.publishers.fiddler.times import WriteTime

ROWS_A_REQUEST = 1000
"""The client's own limit, `fiddler.configs.STREAM_EVENT_LIMIT`."""

BYTES_A_REQUEST = 8 * 1024 * 1024
"""The most captured text of a request; Fiddler names no limit, and this bounds our memory."""

_encode = msgspec.json.Encoder().encode


class _Source(msgspec.Struct):
    """Events of a request."""

    events: list[object]
    type: str = "EVENTS"


class _Request(msgspec.Struct):
    """What `POST /v3/events` takes."""

    source: _Source
    model_id: str
    env_type: str = "PRODUCTION"
    env_name: str | None = None


def update_body(model_id: str, events: Sequence[Mapping[str, object]]) -> bytes:
    """Write the body of `PATCH /v3/events`: the id of each event, and the columns to set."""
    return _encode(_Request(_Source(list(events)), model_id))


class EventRequests:
    """Writes requests with events of one model; may be used from several threads.

    An event without a time has no time column at all: Fiddler takes a time that is missing for
    the time at which the event arrives, and null for a mistake.

    Parameters
    ----------
    model_id
        The model.
    time_column
        The column that Fiddler reads an event's time from, if it has one.
    write_time
        Puts a time into the form that Fiddler reads; None leaves times as they are, so that rows
        that are JSON already can be sent as they stand.
    """

    def __init__(
        self, model_id: str, time_column: str | None = None, write_time: WriteTime | None = None
    ) -> None:
        around = _encode(_Request(_Source([]), model_id))
        self._before, _, self._behind = around.partition(b"[]")
        self._time_column = time_column
        # Quotes inside a JSON text have a backslash before them, so that only a key looks so.
        self._no_time = _encode(time_column) + b":null"
        self.write_time = write_time
        self._with_time = JsonRowEncoder()
        self._without_time = JsonRowEncoder()

    def body(self, batch: Batch) -> bytes:
        """Write the events of a batch as one array, and the request around it."""
        if self.write_time is None:
            rows = batch.json_rows or [self._rows(batch.inferences)]
            body = self._around(rows)
            if self._all_have_times(batch.inferences) or self._no_time not in body:
                return body
        return self._around(list(self._rows_with_times(batch.inferences)))

    def _all_have_times(self, inferences: Sequence[Inference]) -> bool:
        if self._time_column is None:
            return True
        return isinstance(inferences, WrittenInferences) and (
            self._time_column in inferences.known.complete
        )

    def _around(self, rows: Sequence[JsonRows]) -> bytes:
        parts: list[JsonRows] = []
        for fragment in rows:
            parts += (b",", fragment)
        parts[0] = self._before + b"["
        return b"".join((*parts, b"]", self._behind))

    def _rows(self, inferences: Sequence[Inference]) -> JsonRows:
        return self._with_time(inferences[0].names, [one.values for one in inferences])

    def _rows_with_times(self, inferences: Sequence[Inference]) -> Iterator[JsonRows]:
        """Write rows with their times in the model's form, and those without one without it."""
        names = inferences[0].names
        if self._time_column not in names:
            yield self._rows(inferences)
            return
        at = names.index(self._time_column)
        others = (*names[:at], *names[at + 1 :])
        write = self.write_time or (lambda time: time)
        for has_time, group in groupby(
            (one.values for one in inferences), key=lambda values: values[at] is not None
        ):
            rows = ((values[:at], values[at], values[at + 1 :]) for values in group)
            if has_time:
                timed = [(*front, write(time), *behind) for front, time, behind in rows]
                yield self._with_time(names, timed)
            else:
                yield self._without_time(others, [(*front, *behind) for front, _, behind in rows])
