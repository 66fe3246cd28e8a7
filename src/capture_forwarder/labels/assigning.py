"""The labels of a line → the inferences that they belong to, or why nobody can tell.

A label names a call by its id. One label of a call is that of its one row; ids of rows, which end
in `_0`, `_1` and so on, are taken as they are. Several labels belong to the call's rows in order
when there are as many of both, which the capture in the line tells, or our own store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference, ParsedLine, Row
from capture_forwarder.core.inferences import Inferences
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.labels.known_rows import KnownRows
from capture_forwarder.parser import (
    LabelLine,
    LabelTyper,
    ParseChunk,
    ParseLine,
    RejectedError,
    RouteParser,
    read_label,
)

_EMPTY = ParsedLine(())
_Assigned = Sequence[tuple[str, Row]]
"""The ids of a call's rows, each with what is known of the row."""


class LabelParser:
    """Parses the lines of a route with labels; see `RouteParser`.

    Parameters
    ----------
    id_column
        The column of a table with the id.
    typer
        Gives values their columns' types.
    captures
        Parses the captures in merged lines.
    time_column
        The column for the time of a label, where the publisher has one.
    known
        The stored inferences, where there is a store of ours.
    features
        The input columns that a label needs beside it.
    """

    def __init__(  # noqa: PLR0913 - what assigning takes
        self,
        id_column: str,
        typer: LabelTyper,
        captures: RouteParser,
        *,
        time_column: str | None = None,
        known: KnownRows | None = None,
        features: Sequence[str] = (),
    ) -> None:
        self._id_column = id_column
        self._typer = typer
        self._captures = captures
        self._time_column = time_column
        self._known = known
        self._features = tuple(features)
        times = () if time_column is None else (time_column,)
        self._names = (*typer.names, *times, *self._features)

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of a file share; see `LineParser.for_file`."""
        parse_capture = self._captures.for_file(capture_file)
        hour = capture_file.folder_hour

        def parse(line: bytes) -> ParsedLine | Rejection:
            try:
                return self._parse(line, parse_capture, hour)
            except RejectedError as rejected:
                return Rejection(rejected.reason, rejected.detail)

        return parse

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Look up at once what the lines of a chunk ask for; they are parsed one by one."""
        del capture_file
        known = self._known

        def look_up(chunk: Chunk) -> tuple[()]:
            if known is not None and self._features:
                known.look_up(list(self._ids(chunk)))
            return ()

        return look_up

    def _ids(self, chunk: Chunk) -> Iterator[str]:
        for index in range(len(chunk)):
            with suppress(RejectedError):
                yield read_label(chunk.line(index).data, self._id_column).id

    def _parse(self, line: bytes, parse_capture: ParseLine, hour: str | None) -> ParsedLine:
        label = read_label(line, self._id_column)
        failures: Counter[str] = Counter()
        values = self._typer(label, failures)
        if not any(map(_is_known, values)):
            return _EMPTY
        if label.merged:
            rows = self._captured(parse_capture(line), len(values))
        else:
            rows = self._found(label, len(values))
        time: tuple[object, ...] = ()
        if self._time_column is not None:
            time = (self._typer.time(label, self._time_column, failures) or hour,)
        known = [
            (name, (*own, *time, *map(row.get, self._features)))
            for own, (name, row) in zip(values, rows, strict=True)
            if _is_known(own)
        ]
        ids, whole = zip(*known, strict=True)
        return ParsedLine(Inferences(ids, self._names, whole), None, failures)

    def _captured(self, parsed: ParsedLine | Rejection, count: int) -> _Assigned:
        """The rows of the call that stands in the line."""
        if isinstance(parsed, Rejection):
            raise RejectedError(parsed.reason, parsed.detail)
        if len(parsed.inferences) != count:
            detail = f"The line has {count} label(s), its call {len(parsed.inferences)} row(s)."
            raise RejectedError(Reason.LABEL_COUNT_MISMATCH, detail)
        return [(one.id, _row(one, self._features)) for one in parsed.inferences]

    def _found(self, label: LabelLine, count: int) -> _Assigned:
        """The rows of a call of which only the id stands in the line."""
        ids = [label.id]
        if count > 1:
            self._check_count(label.id, count)
            ids = [f"{label.id}_{index}" for index in range(count)]
        return [(name, self._with_features(name)) for name in ids]

    def _check_count(self, call: str, count: int) -> None:
        if self._known is None:
            detail = (
                f"The line has {count} labels for one call, and nothing here tells whether the "
                "call has as many rows: send Model Monitor's merged files, or a line for each row, "
                "with the id of the row (it ends in _0, _1 and so on)."
            )
            raise RejectedError(Reason.LABEL_COUNT_MISMATCH, detail)
        if not self._known.has_rows(call, count):
            detail = (
                f"The line has {count} labels, and no call of its id with as many rows is stored."
            )
            raise RejectedError(Reason.LABEL_COUNT_MISMATCH, detail)

    def _with_features(self, name: str) -> Row:
        if not self._features:
            return {}
        if self._known is None:
            detail = (
                "The platform takes a label only together with the inputs of its inference, and "
                "the line holds only a label: send Model Monitor's merged files, or say in "
                "`features` where the inferences are."
            )
            raise RejectedError(Reason.LABEL_WITHOUT_INFERENCE, detail)
        row = self._known.row(name)
        if row is None:
            detail = "No inference of this id is stored; it may have come too early."
            raise RejectedError(Reason.LABEL_WITHOUT_INFERENCE, detail)
        if missing := [feature for feature in self._features if feature not in row]:
            detail = f"The stored inference has no column {', '.join(map(repr, missing))}."
            raise RejectedError(Reason.LABEL_WITHOUT_INFERENCE, detail)
        return row


def _is_known(labels: Sequence[object]) -> bool:
    """Whether a row has a label: one that is null is not known yet."""
    return any(value is not None for value in labels)


def _row(inference: Inference, features: Sequence[str]) -> Row:
    return inference.row if features else {}
