"""What is forgotten while a batch fills is the same when it is asked for again."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch, BatchLimits
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import AccountingError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import AsInferences, Collected, collecting
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.lines import read_chunks
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import SOURCE, line, side

MAPPING = ColumnMapping.of("a,b", "score", timestamp="at", event_id="id")
SCHEMA = Schema(dict.fromkeys(("a", "b", "score"), DataType.FLOAT))
PARSER = LineParser(MAPPING, SCHEMA)
WRITER = LineParser(MAPPING, SCHEMA, as_json=True)
PARSE = PARSER.for_file(SOURCE)
PARSE_BLOCK = PARSER.for_chunks(SOURCE)


def written(parser: LineParser) -> Collected:
    return collecting(parser.for_file(SOURCE), parser.for_chunks(SOURCE), as_json=True)


def batches(data: bytes, held: Collected, rows: int, parser: LineParser = PARSER) -> list[Batch]:
    """Cut an object's lines into batches as the pipeline does."""
    builder = BatchBuilder(BatchLimits(rows, 10**6), SOURCE, "r", held)
    parse = parser.for_file(SOURCE)
    full = []
    for block in read_chunks(io.BytesIO(data), 10**6):
        assert isinstance(block, Chunk)
        alike, taken = parser.for_chunks(SOURCE)(block), 0
        while alike and taken < len(block):
            taken += builder.extend(block, taken, alike.inferences)
            if builder.is_full:
                full += builder.cut(block.line(taken - 1).position)
        for raw in () if alike else map(block.line, range(len(block))):
            parsed = parse(raw.data)
            assert isinstance(parsed, ParsedLine)
            full += builder.add(raw, parsed.inferences)
    return full + builder.cut(Position())


def call(number: int, records: int) -> bytes:
    """Write a line of so many records whose values differ."""
    sent = "\n".join(f"{number},{n / 8}" for n in range(records))
    answered = "\n".join(f"{n / 4}" for n in range(records))
    return line(side(sent), side(answered), eventId=f"call-{number}") + b"\n"


@pytest.mark.parametrize("parser", [PARSER, WRITER], ids=["read", "not read"])
@given(
    st.lists(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 1, 2, 150]), min_size=1, max_size=60),
    st.integers(1, 200),
)
def test_forgotten_inferences_are_read_again_as_they_were(
    parser: LineParser, records: list[int], rows: int
) -> None:
    data = b"".join(call(number, count) for number, count in enumerate(records))

    kept = batches(data, AsInferences(), rows)
    forgotten = batches(data, written(parser), rows, parser)

    assert [one.position for one in forgotten] == [one.position for one in kept]
    for one, other in zip(forgotten, kept, strict=True):
        assert len(one) == len(other)
        sent = json.loads(b"[" + b",".join(one.json_rows) + b"]")
        assert sent == [inference.row for inference in other.inferences]
        assert list(one.inferences) == list(other.inferences)
        assert one.inferences[-1] == other.inferences[-1]
        middle = len(one) // 2
        for start, stop in ((0, middle), (middle, len(one))):
            half = one.slice(start, stop)
            assert list(half.inferences) == list(other.inferences[start:stop])
            assert not half.json_rows
        assert not one.select([middle]).json_rows
        assert list(one.select([middle]).inferences) == [other.inferences[middle]]


def test_lines_alike_are_read_again_together() -> None:
    data = b"".join(call(number, 1) for number in range(300))

    whole = batches(data, written(PARSER), 250)

    assert [len(one) for one in whole] == [250, 50]
    assert [found.id for one in whole for found in one.inferences] == [
        f"call-{number}" for number in range(300)
    ]


def test_what_is_not_sent_as_json_is_kept() -> None:
    (batch,) = batches(call(1, 3), collecting(PARSE, PARSE_BLOCK, as_json=False), 10)
    assert not batch.json_rows
    assert [found.id for found in batch.inferences] == ["call-1_0", "call-1_1", "call-1_2"]


def test_a_line_that_reads_otherwise_the_second_time_is_a_fault_and_no_loss() -> None:
    changed = Rejection(Reason.INVALID_JSON, "changed")
    (batch,) = batches(call(1, 3), collecting(lambda _: changed, PARSE_BLOCK, as_json=True), 10)
    with pytest.raises(AccountingError, match="read again"):
        batch.slice(0, 1)
