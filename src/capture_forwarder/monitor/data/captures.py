"""Capture files → a relation of the captured text, through the function's own parser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from pathlib import Path

import msgspec

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.json_rows import row_type
from capture_forwarder.core.line import Line
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.parser import ColumnMapping, LineParser, read_chunks

_MAX_LINE_BYTES = 64 * 1024 * 1024


def captures_relation(
    engine: Engine,
    files: Iterable[FoundFile],
    store: ObjectStore,
    mapping: ColumnMapping,
    folder: Path,
) -> Relation:
    """Read capture files; every value is the text that was captured.

    Parameters
    ----------
    engine
        Reads the rows.
    files
        The capture files of the window.
    store
        Where they are.
    mapping
        Which captured values become which columns; the types in it are not looked at, since a
        value's type is found out from its text.
    folder
        Where the rows are written, since they may be more than fit into memory.

    Returns
    -------
    Relation
        Its notes say how many lines the parser rejected, and why.

    Raises
    ------
    CaptureFileError
        A file cannot be read.
    """
    columns = numbered(mapping.names, [Kind.TEXT] * len(mapping.names), "The mapping")
    sides = [column.name for column in (*mapping.inputs, *mapping.outputs)]
    parser = LineParser(mapping, Schema(dict.fromkeys(sides, DataType.STR)))
    listed = [column.sql for column in columns]
    make = row_type(listed)
    encode_lines = msgspec.json.Encoder().encode_lines
    rejected: Counter[Reason] = Counter()
    path = folder / "captures.jsonl"
    with path.open("wb") as rows:
        for file in files:
            try:
                for inferences in _inferences(file, store, parser, rejected):
                    values = (inference.values for inference in inferences)
                    rows.write(encode_lines(list(starmap(make, values))))
            except CaptureFileError as error:
                renamed = file.rename(error.message)
                raise CaptureFileError(renamed, error.advice, permanent=True) from error
    sql = engine.json_lines([str(path)], listed, [Kind.TEXT] * len(listed))
    return Relation(sql, columns, notes=_notes(rejected))


def _inferences(
    file: FoundFile, store: ObjectStore, parser: LineParser, rejected: Counter[Reason]
) -> Iterator[Sequence[Inference]]:
    parse_chunk = parser.for_chunks(file.capture_file)
    parse_line = parser.for_file(file.capture_file)

    def one(line: Line) -> Sequence[Inference]:
        if line.too_long:
            rejected[Reason.LINE_TOO_LONG] += 1
            return ()
        if not line.data.strip():
            return ()
        parsed = parse_line(line.data)
        if isinstance(parsed, Rejection):
            rejected[parsed.reason] += 1
            return ()
        return parsed.inferences

    with store.open(file.capture_file) as opened:
        for found in read_chunks(opened.stream, _MAX_LINE_BYTES):
            if not isinstance(found, Chunk):
                yield one(found)
                continue
            done = 0
            for run in parse_chunk(found):
                yield from map(one, map(found.line, range(done, run.first)))
                yield run.parsed.inferences
                done = run.first + run.lines
            yield from map(one, map(found.line, range(done, len(found))))


def _notes(rejected: Counter[Reason]) -> tuple[str, ...]:
    if not rejected:
        return ()
    reasons = ", ".join(f"{reason.value}: {count}" for reason, count in rejected.most_common())
    lines = f"{counted(rejected.total(), 'captured line', 'captured lines')} ({reasons})"
    why = "See why with: capture-forwarder inspect"
    return (f"Rejected by the parser, and left out: {lines}. {why}",)
