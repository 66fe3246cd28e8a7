"""Lines that are parsed together give what they give one by one, or are not parsed together."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.parser import LineParser, ParseChunk, ParseLine, RouteParser
from capture_forwarder.parser.fast.json_writer import LIBRARY
from capture_forwarder.parser.lines import read_chunks
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, SOURCE, line, side
from tests.support.fakes import MemoryPublisher, MemoryQuarantine, MemoryStore
from tests.support.written import are_the_same

FLOATS = dict.fromkeys(("a", "b", "c", "score"), DataType.FLOAT)
INTS = FLOATS | {"b": DataType.INT}
MAPPINGS = {
    "time and id": ColumnMapping.of("a,b,c", "score", timestamp="at", event_id="id"),
    "time": ColumnMapping.of("a,b,c", "score", timestamp="at"),
    "id": ColumnMapping.of("a,b,c", "score", event_id="id"),
    "nothing more": ColumnMapping.of("a,b,c", "score"),
    "two outputs": ColumnMapping.of("a,b", "c,score", event_id="id"),
    "metadata": ColumnMapping.of(
        "a,b,c",
        "score",
        ["where=endpoint", "n=row_index", "call=event_id", "x=inference_id", "y=custom_attributes"],
        event_id="id",
    ),
    "no outputs": ColumnMapping.of("a,b,c"),
}
NUMBERS = st.sampled_from(["1", "-2.5", "0", "1e3", "0.125", "12345678901234567890"])
ODD = st.sampled_from(
    [
        "",
        " ",
        " 7 ",
        "x",
        "null",
        "true",
        "01",
        "+1",
        ".5",
        "1]",
        "[1",
        "1],[2",
        '"',
        '"1"',
        "NaN",
        "1\n2",
        "1\n",
        "\n1",
        "1,2",
        "1\r\n",
        "1\r",
        "\r2",
        "\u2028",
        "{}",
        "1}",
        "Infinity",
        "1e999",
        "5\n,6",
    ]
)
USUAL = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
UNUSUAL = st.tuples(*[NUMBERS | ODD] * 4)
TYPES = st.sampled_from([CSV, None, "text/csv; charset=utf-8", "application/json", "TEXT/CSV"])


def call(
    cells: Sequence[str], number: int, split: int, kind: str | None = CSV, encoding: str = "CSV"
) -> bytes:
    request = side(",".join(cells[:split]), kind, encoding)
    response = side(",".join(cells[split:]), kind, encoding)
    return line(request, response, eventId=f"call-{number}")


LINES = st.lists(USUAL, min_size=8, max_size=20)
STRANGE = st.sampled_from(
    [b"", b" ", b"{}", b"null", b"[1]", b'{"captureData":', b"}", b"{", b'"x"', b"\xff", b"{} {}"]
)


def block_of(lines: Sequence[bytes]) -> Chunk:
    (block,) = read_chunks(io.BytesIO(b"\n".join(lines) + b"\n"), 10**6)
    assert isinstance(block, Chunk)
    return block


def check_written(written: ParsedLine, lines: Sequence[bytes], parser: LineParser) -> None:
    """Compare what was written of lines, if it was, with what each of them gives alone."""
    if isinstance(written.inferences, WrittenInferences):
        alone = [parser.for_file(SOURCE)(one) for one in lines]
        whole = [one for one in alone if isinstance(one, ParsedLine)]
        are_the_same(written.inferences, [one for found in whole for one in found.inferences])
        assert written.inference_time == whole[-1].inference_time
        assert {len(one.inferences) for one in whole} == {1}
        assert not any(one.cast_failures for one in whole)


def check(lines: Sequence[bytes], mapping: ColumnMapping, types: dict[str, DataType]) -> bool:
    """Compare both ways; return whether the lines were parsed together."""
    parser = LineParser(mapping, Schema(types))
    together = parser.for_chunks(SOURCE)(block_of(lines))
    written = LineParser(mapping, Schema(types), as_json=True).for_chunks(SOURCE)(block_of(lines))
    if together is None:
        if written is not None:
            check_written(written, lines, parser)
        return False
    assert written is not None
    check_written(written, lines, parser)
    parse = parser.for_file(SOURCE)
    alone = [parse(one) for one in lines]
    assert all(isinstance(one, ParsedLine) for one in alone)
    whole = [one for one in alone if isinstance(one, ParsedLine)]
    assert [list(one.inferences) for one in whole] == [[one] for one in together.inferences]
    assert all(
        type(x) is type(y)
        for one, two in zip(whole, together.inferences, strict=True)
        for x, y in zip(one.inferences[0].values, two.values, strict=True)
    )
    assert together.inference_time == whole[-1].inference_time
    assert not any(one.cast_failures for one in whole)
    return True


@pytest.mark.parametrize("types", [FLOATS, INTS, {}], ids=["floats", "ints", "inferred"])
@pytest.mark.parametrize("name", ["time and id", "time", "id", "nothing more", "metadata"])
def test_plain_numbers_are_parsed_together(name: str, types: dict[str, DataType]) -> None:
    lines = [call(("1", "2", "3.5", "0.5"), n, 3) for n in range(10)]
    encoded = [call(("1", "2", "3.5", "0.5\n"), n, 3, encoding="BASE64") for n in range(10)]

    assert check(lines, MAPPINGS[name], types)
    assert check(encoded, MAPPINGS[name], types)
    assert not check([*lines, *encoded], MAPPINGS[name], types)
    assert check([one.replace(b'"0.5"', b'"0.5\\n"') for one in lines], MAPPINGS[name], types)
    assert check(
        [line(side("1,2"), side("3,4"), eventId=f"{n}") for n in range(9)],
        MAPPINGS["two outputs"],
        types,
    )


@pytest.mark.parametrize("types", [FLOATS, INTS, {}], ids=["floats", "ints", "inferred"])
@pytest.mark.parametrize("name", MAPPINGS)
@given(
    rows=LINES,
    odd=st.lists(st.tuples(st.integers(0, 19), UNUSUAL, TYPES), max_size=3),
    encoding=st.sampled_from(["CSV", "BASE64"]),
)
def test_whatever_the_cells_are_both_ways_agree(
    name: str,
    types: dict[str, DataType],
    rows: list[tuple[str, ...]],
    odd: list[tuple[int, tuple[str, ...], str | None]],
    encoding: str,
) -> None:
    split = 2 if name == "two outputs" else 3
    lines = [call(row, n, split, encoding=encoding) for n, row in enumerate(rows)]
    for place, cells, kind in odd:
        lines[place % len(lines)] = call(cells, place, split, kind, encoding)
    if b"\n" not in b"".join(lines):
        check(lines, MAPPINGS[name], types)


@given(rows=LINES, strange=st.lists(st.tuples(st.integers(0, 20), STRANGE), max_size=4))
def test_whatever_stands_between_the_lines_both_ways_agree(
    rows: list[tuple[str, ...]], strange: list[tuple[int, bytes]]
) -> None:
    lines = [call(row, n, 3) for n, row in enumerate(rows)]
    for place, text in strange:
        lines.insert(place, text)
    assert check(lines, MAPPINGS["id"], FLOATS) is not bool(strange)


@pytest.mark.skipif(not LIBRARY.exists(), reason="`make test` compiles what is tested")
@pytest.mark.parametrize("types", [FLOATS, INTS, {}], ids=["floats", "ints", "inferred"])
@pytest.mark.parametrize("name", ["time and id", "time", "id", "nothing more", "metadata"])
@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_plain_numbers_are_written_together(
    name: str, types: dict[str, DataType], encoding: str, ending: str
) -> None:
    cells = ("1", "2", "3.50", f"0.5{ending}")
    lines = [call(cells, n, 3, encoding=encoding) for n in range(10)]

    parser = LineParser(MAPPINGS[name], Schema(types), as_json=True)
    together = parser.for_chunks(SOURCE)(block_of(lines))

    assert together is not None
    assert isinstance(together.inferences, WrittenInferences)
    assert bytes(together.inferences.json_rows).count(b"3.50") == 10


@pytest.mark.parametrize("places", [(3, 4), (0, 9), (8, 9)])
def test_a_line_that_has_two_records_never_stands_in_for_one_that_has_none(
    places: tuple[int, int],
) -> None:
    rows = [("1", "2", "3", "0.5")] * 10
    for two, none in (places, places[::-1]):
        lines = [call(row, n, 3) for n, row in enumerate(rows)]
        lines[two] = line(side("1,2,3\n1,2,3"), side("0.5\n0.5"), eventId="two")
        lines[none] = line(side(""), side(""), eventId="none")

        assert not check(lines, MAPPINGS["id"], FLOATS)


def test_a_document_over_two_lines_is_no_line_even_if_another_holds_two() -> None:
    lines = [call(("1", "2", "3", "0.5"), n, 3) for n in range(12)]
    cut = lines[3].index(b'"eventMetadata"')
    torn = [*lines[:3], lines[3][:cut], lines[3][cut:], lines[4] + lines[5], *lines[6:]]

    assert not check(torn, MAPPINGS["id"], FLOATS)


@pytest.mark.parametrize(
    "change",
    [
        {"eventMetadata": {"inferenceTime": "2026-03-01T10:20:30Z"}},
        {"eventMetadata": None},
        {"captureData": {}},
        {"captureData": None},
    ],
)
def test_a_line_that_is_no_call_sends_all_the_long_way(change: dict[str, object]) -> None:
    lines = [call(("1", "2", "3", "0.5"), n, 3) for n in range(10)]
    lines[4] = json.dumps(json.loads(lines[4]) | change).encode()

    assert not check(lines, MAPPINGS["id"], FLOATS)


class OneByOne:
    """A parser that takes no lines together."""

    def __init__(self, parser: RouteParser) -> None:
        self._parser = parser

    def for_file(self, source: CaptureFile) -> ParseLine:
        return self._parser.for_file(source)

    def for_chunks(self, source: CaptureFile) -> ParseChunk:
        del source
        return lambda _block: None


class Batches(MemoryPublisher):
    """Keeps where batches begin and end."""

    def __init__(self, rows: int, size: int) -> None:
        super().__init__(rows=rows, size=size)
        self.cuts: list[object] = []

    def publish(self, batch: Batch, deadline: float | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
        ids = [one.id for one in batch.inferences]
        origins = [batch.origin(n) for n in range(len(batch))]
        self.cuts.append((batch.start, batch.position, ids, origins))
        return super().publish(batch, deadline)


@given(
    rows=st.lists(USUAL, max_size=40),
    bad=st.sets(st.integers(0, 40)),
    limit=st.integers(1, 12),
    size=st.integers(200, 3000),
)
def test_batches_are_cut_where_they_would_be_one_by_one(
    rows: list[tuple[str, ...]], bad: set[int], limit: int, size: int
) -> None:
    lines = [call(row, n, 3) for n, row in enumerate(rows)]
    for place in sorted(bad):
        lines.insert(place, b"no JSON" if place % 2 else b"")
    store = MemoryStore(key=b"\n".join(lines))
    parser = LineParser(MAPPINGS["time and id"], Schema(FLOATS))
    writer = LineParser(MAPPINGS["time and id"], Schema(FLOATS), as_json=True)
    found = []
    for chosen in (parser, OneByOne(parser), writer, OneByOne(writer)):
        publisher = Batches(limit, size)
        publisher.takes_json = chosen is writer
        ports = Ports(store, publisher, MemoryQuarantine(), SystemClock())
        terms = RouteOptions("route", 10**6, requests_in_flight=1)
        report = forward_file(CaptureFile("b", "key"), chosen, ports, terms, Invocation())
        counts = (report.lines, report.forwarded, report.empty, report.quarantined)
        found.append((publisher.cuts, counts, report.published))

    assert found[0] == found[1] == found[2] == found[3]
