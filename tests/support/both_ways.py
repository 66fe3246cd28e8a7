"""Lines read many at once, and the same lines one by one, which decides what they mean."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.inferences import Inferences, Known, WrittenInferences
from capture_forwarder.core.json_rows import JsonRowEncoder, split_rows
from capture_forwarder.core.line import Position
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import ColumnMapping, LineParser, Run
from tests.support.captures import SOURCE


def chunk_of(lines: Sequence[bytes]) -> Chunk:
    """Put lines into a chunk."""
    ends, end = [], -1
    for line in lines:
        end += len(line) + 1
        ends.append(end)
    return Chunk(b"".join(line + b"\n" for line in lines), ends, Position())


def taken_together(
    lines: Sequence[bytes], mapping: ColumnMapping, schema: Schema | None = None
) -> list[int]:
    """Read lines both ways, and require that what is read together means the same.

    Parameters
    ----------
    lines
        The lines of a chunk.
    mapping, schema
        Those of the route.

    Returns
    -------
    list of int
        The indexes of the lines that were read together.
    """
    taken: list[int] = []
    for as_json in (False, True):
        parser = LineParser(mapping, schema, as_json=as_json)
        parse, taken = parser.for_file(SOURCE), []
        for run in parser.for_chunks(SOURCE)(chunk_of(lines)):
            indexes = range(run.first, run.first + run.lines)
            assert not taken or run.first > taken[-1]
            taken += indexes
            _same(run, [parse(lines[index]) for index in indexes], as_json=as_json)
    return taken


def is_taken(line: bytes, mapping: ColumnMapping, types: dict[str, DataType] | None = None) -> bool:
    """Whether a line is read by the fast way, which then must mean the same."""
    return taken_together([line], mapping, Schema(types or {})) == [0]


def _same(run: Run, alone: Sequence[object], *, as_json: bool) -> None:
    together = run.parsed
    expected: list[Inference] = []
    time = None
    for parsed, count in zip(alone, run.counts, strict=True):
        assert isinstance(parsed, ParsedLine), (together, parsed)
        assert not parsed.cast_failures
        assert parsed.unfound is None
        assert len(parsed.inferences) == count
        expected += parsed.inferences
        time = parsed.inference_time or time
    found = list(together.inferences)
    assert (together.inference_time, len(together.inferences)) == (time, len(found))
    assert [one.id for one in found] == [one.id for one in expected]
    assert {one.names for one in found} == {one.names for one in expected}
    if isinstance(together.inferences, (Inferences, WrittenInferences)):
        holds(together.inferences.known, found)
    assert _json(together.inferences) == _json(expected) or not as_json
    if not as_json:
        assert _typed(found) == _typed(expected)


def holds(known: Known, found: Sequence[Inference]) -> None:
    """Require that what is known of rows without reading them is true of each."""
    for one in found:
        assert all(one.row[name] is not None for name in known.complete)
        assert known.id_column is None or one.row[known.id_column] == one.id
        assert not (known.flat and any(isinstance(value, list | dict) for value in one.values))


def _json(inferences: Sequence[Inference]) -> list[bytes]:
    """The JSON of each row, as it is sent."""
    if isinstance(inferences, WrittenInferences):
        return [row for fragment in inferences.fragments for row in split_rows(fragment)]
    if isinstance(inferences, Inferences):
        return split_rows(JsonRowEncoder()(inferences.names, inferences.values))
    return [msgspec.json.encode(inference.row) for inference in inferences]


def _typed(inferences: Sequence[Inference]) -> list[list[tuple[type, object]]]:
    return [[(type(value), value) for value in one.values] for one in inferences]
