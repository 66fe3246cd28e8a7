"""What is collected of a batch as JSON is what would have been collected as values."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch, BatchLimits
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.inferences import NOTHING_KNOWN, Known, WrittenInferences
from capture_forwarder.core.line import Position
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.parser import ColumnMapping, LineParser, read_chunks
from tests.support.both_ways import holds
from tests.support.captures import JSON, SOURCE, line, side

MAPPING = ColumnMapping.of("a,b", "score", timestamp="at", event_id="id")
SCHEMA = Schema(dict.fromkeys(("a", "b", "score"), DataType.FLOAT))
PARSER = LineParser(MAPPING, SCHEMA)
WRITER = LineParser(MAPPING, SCHEMA, as_json=True)


def batches(data: bytes, rows: int, parser: LineParser, *, as_json: bool) -> list[Batch]:
    """Cut a capture file's lines into batches as forwarding does."""
    return cut(data, BatchLimits(rows, 10**6), parser, as_json=as_json)


def cut(
    data: bytes, limits: BatchLimits, parser: LineParser, *, as_json: bool, together: bool = True
) -> list[Batch]:
    """Cut lines into batches; `together` takes those in a run that are read together."""
    builder = BatchBuilder(limits, SOURCE, "r", collecting(as_json=as_json))
    parse = parser.for_file(SOURCE)
    full: list[Batch] = []
    for chunk in read_chunks(io.BytesIO(data), 10**6):
        assert isinstance(chunk, Chunk)
        runs = {run.first: run for run in parser.for_chunks(SOURCE)(chunk) if together}
        index = 0
        while index < len(chunk):
            run = runs.get(index)
            if run is None:
                found = parse(chunk.line(index).data)
                assert isinstance(found, ParsedLine)
                full += builder.add(chunk.line(index), found.inferences)
                index += 1
                continue
            counts, inferences = run.counts, run.parsed.inferences
            while counts:
                taken = builder.extend(chunk.part(index, index + len(counts)), counts, inferences)
                index += taken
                rows = sum(counts[:taken])
                if builder.is_full:
                    full += builder.cut(chunk.line(index - 1).position)
                elif taken < len(counts):
                    end = rows + counts[taken]
                    full += builder.add(chunk.line(index), inferences[rows:end])
                    index, taken, rows = index + 1, taken + 1, end
                counts, inferences = counts[taken:], inferences[rows:]
    return full + builder.cut(Position())


def call(number: int, records: int) -> bytes:
    """Write a line of so many records whose values differ; some are odd, and read one by one."""
    sent = "\n".join(f"{number},{n / 8}" for n in range(records))
    answered = "\n".join(f"{n / 4}" for n in range(records))
    if number % 7 == 3:
        sent = sent.replace("3,", "+3,")
    return line(side(sent), side(answered), eventId=f"call-{number}") + b"\n"


@pytest.mark.parametrize("parser", [PARSER, WRITER], ids=["values", "digits"])
@given(
    st.lists(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 1, 2, 150]), min_size=1, max_size=60),
    st.integers(1, 200),
)
def test_batches_as_json_are_the_batches_of_values(
    parser: LineParser, records: list[int], rows: int
) -> None:
    data = b"".join(call(number, count) for number, count in enumerate(records))

    values = batches(data, rows, PARSER, as_json=False)
    written = batches(data, rows, parser, as_json=True)

    assert [one.position for one in written] == [one.position for one in values]
    for one, other in zip(written, values, strict=True):
        assert len(one) == len(other)
        assert _rows(one) == [inference.row for inference in other.inferences]
        assert list(one.inferences) == list(other.inferences)
        assert one.inferences[-1] == other.inferences[-1]
        middle = len(one) // 2
        for start, stop in ((0, middle), (middle, len(one))):
            half = one.slice(start, stop)
            assert list(half.inferences) == list(other.inferences[start:stop])
            assert _rows(half) == _rows(one)[start:stop]
        picked = one.select([middle])
        assert list(picked.inferences) == [other.inferences[middle]]
        assert _rows(picked) == [_rows(one)[middle]]


@given(
    st.lists(st.sampled_from([1, 1, 1, 2, 5, 30]), min_size=1, max_size=60),
    st.integers(1, 40),
    st.sampled_from([200, 1000, 10**6]),
    st.booleans(),
)
def test_a_batch_ends_where_it_does_when_its_lines_are_read_one_by_one(
    records: list[int], rows: int, size: int, whole_lines: bool
) -> None:
    data = b"".join(call(number, count) for number, count in enumerate(records))
    limits = BatchLimits(rows, size, whole_lines=whole_lines)

    together = cut(data, limits, WRITER, as_json=True)
    alone = cut(data, limits, WRITER, as_json=True, together=False)

    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        assert (one.position, one.start, one.ids) == (other.position, other.start, other.ids)
        assert one.line_slices == other.line_slices
        assert _rows(one) == _rows(other)


def _rows(batch: Batch) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(b"[" + b",".join(batch.json_rows) + b"]")
    return found


def test_lines_alike_stay_together() -> None:
    data = b"".join(call(number * 7, 1) for number in range(300))

    whole = batches(data, 250, PARSER, as_json=True)

    assert [len(one) for one in whole] == [250, 50]
    assert [found.id for one in whole for found in one.inferences] == [
        f"call-{number * 7}" for number in range(300)
    ]


def test_what_is_not_sent_as_json_is_collected_as_values() -> None:
    (batch,) = batches(call(1, 3), 10, PARSER, as_json=False)
    assert not batch.json_rows
    assert [found.id for found in batch.inferences] == ["call-1_0", "call-1_1", "call-1_2"]


@given(st.lists(st.sampled_from(["plain", "timeless", "odd"]), min_size=1, max_size=40))
def test_of_a_batch_is_known_what_is_true_of_each_of_its_rows(kinds: list[str]) -> None:
    made = {
        "plain": lambda n: call(7 * n, 1),
        "timeless": lambda n: line(side("1,2"), side("0.5"), eventId=f"t{n}", inferenceTime=None),
        "odd": lambda n: call(7 * n + 3, 1),
    }
    data = b"".join(made[kind](n).rstrip(b"\n") + b"\n" for n, kind in enumerate(kinds))

    (batch,) = batches(data, 1000, WRITER, as_json=True)

    assert isinstance(batch.inferences, WrittenInferences)
    holds(batch.inferences.known, list(batch.inferences))
    if set(kinds) == {"plain"} and len(kinds) > 1:
        assert batch.inferences.known == Known("id", frozenset({"at", "id"}), flat=True)
    if set(kinds) == {"odd"}:
        assert batch.inferences.known == NOTHING_KNOWN


def test_of_rows_of_json_as_much_is_known_as_of_those_of_csv() -> None:
    sent = side('{"instances": [[1, 2.5]]}', JSON)
    answered = side('{"predictions": [0.5]}', JSON)
    data = b"".join(line(sent, answered, eventId=f"j{n}") + b"\n" for n in range(3))

    (batch,) = batches(data, 1000, WRITER, as_json=True)

    assert isinstance(batch.inferences, WrittenInferences)
    assert batch.inferences.known == Known("id", frozenset({"at", "id"}), flat=True)
