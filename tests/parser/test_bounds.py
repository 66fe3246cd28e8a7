"""The time and the memory of a line are bounded, whatever is in it."""

from __future__ import annotations

import base64
import json
import struct
import tracemalloc
from collections.abc import Callable
from time import process_time

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.bounds import MOST_RECORDS, MOST_VALUES
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line, parse, side

MAPPING = ColumnMapping.of("a,b", "score")
FILE = CaptureFile("bucket", "key")
EVENTS = "text/event-stream"
LINES = "application/jsonlines"

# A request and a response of n records, or of n of what else may be many.
Payloads = tuple[object, object]
Make = Callable[[int], Payloads]


def many(text: str, n: int, between: str = ",") -> str:
    return between.join([text] * n)


def as_base64(raw: bytes, content_type: str) -> dict[str, str]:
    data = base64.b64encode(raw).decode()
    return {"data": data, "encoding": "BASE64", "observedContentType": content_type}


def npy(n: int) -> dict[str, str]:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({n}, 2)}}".encode()
    raw = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(2 * n)
    return as_base64(raw, "application/x-npy")


def tensor(n: int) -> str:
    data = [1] * (2 * n)
    return json.dumps({"inputs": [{"name": "x", "shape": [n, 2], "data": data}]})


def scores(n: int) -> object:
    return side(many("0.5", n, "\n"))


def wrapped(n: int) -> str:
    text = many("0.5", n, "\n")
    return json.dumps({"predictions": {"content_type": "text/csv", "data": text}})


READ: dict[str, Make] = {
    "csv": lambda n: (side(many("1.5,22", n, "\n")), scores(n)),
    "csv with quotes": lambda n: (side(many('"x, y",22', n, "\n")), scores(n)),
    "csv in base64": lambda n: (as_base64(many("1,2", n, "\n").encode(), CSV), scores(n)),
    "scores on one line": lambda n: (side(many("1,2", n, "\n")), side(many("0.5", n))),
    "lists": lambda n: (side(f"[{many('[1,2]', n)}]", JSON), scores(n)),
    "records": lambda n: (side(f"[{many(json.dumps({'a': 1, 'b': 2}), n)}]", JSON), scores(n)),
    "columns": lambda n: (side(json.dumps({"a": [1] * n, "b": [2] * n}), JSON), scores(n)),
    "json lines": lambda n: (side(many('{"a":1,"b":2}', n, "\n"), LINES), scores(n)),
    "npy": lambda n: (npy(n), scores(n)),
    "tensor": lambda n: (side(tensor(n), JSON), scores(n)),
    "bracketed": lambda n: (side(many("[1,2]", n)), scores(n)),
    "wrapped": lambda n: (side(many("1,2", n, "\n")), side(wrapped(n), JSON)),
    "plain text": lambda n: (side(many("1,2", n, "\n"), "text/plain"), scores(n)),
}
REJECTED: dict[str, Make] = {
    "one row of csv": lambda n: (side(many("1", n)), side("1")),
    "digits and a letter": lambda n: (side(f"{'9' * n}x\n" * 2), side("1")),
    "digits and a letter as text": lambda n: (side(f"1,{'9' * n}x", "text/plain"), side("1")),
    "blank lines": lambda n: (side("1,2"), side("\n" * n + "x", "text/plain")),
    "empty lists": lambda n: (side(f"[{many('[]', n)}]", JSON), side("1")),
    "records of another name": lambda n: (side(json.dumps([{"q": 1}] * n), JSON), side("1")),
    "many keys, many records": lambda n: (
        side(json.dumps([{str(key): {} for key in range(n)}, *[{}] * n]), JSON),
        side("1"),
    ),
    "long keys": lambda n: (
        side(json.dumps({"k" * n: dict.fromkeys(map(str, range(n)))}), JSON),
        0,
    ),
}


def peak_of(run: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def raw_of(make: Make, n: int) -> bytes:
    request, response = make(n)
    return line(request, response or side("1"))


@pytest.mark.parametrize("make", [*READ.values(), *REJECTED.values()], ids=[*READ, *REJECTED])
def test_four_times_the_line_takes_about_four_times_the_time(make: Make) -> None:
    def seconds(raw: bytes) -> float:
        started = process_time()
        parse(raw, MAPPING)
        return process_time() - started

    short, long = raw_of(make, 3_000), raw_of(make, 12_000)
    # What is quadratic takes sixteen times as long; another process may disturb a measurement.
    assert any(seconds(long) < 10 * max(seconds(short), 0.002) for _ in range(5))


@pytest.mark.parametrize("make", READ.values(), ids=READ)
def test_the_most_records_fit_the_memory_of_the_function(make: Make) -> None:
    part = 40
    raw = raw_of(make, MOST_RECORDS // part)
    parsed: list[object] = []
    peak = peak_of(lambda: parsed.append(parse(raw, MAPPING)))
    assert isinstance(parsed[0], ParsedLine)
    assert peak * part < 300_000_000


@pytest.mark.parametrize("make", READ.values(), ids=READ)
def test_too_many_records_are_rejected_before_they_take_memory(make: Make) -> None:
    raw = raw_of(make, MOST_RECORDS * 3)
    parsed: list[object] = []
    peak = peak_of(lambda: parsed.append(parse(raw, MAPPING)))
    assert isinstance(parsed[0], Rejection)
    assert parsed[0].reason is Reason.TOO_MANY_VALUES
    assert "200,000 records" in parsed[0].detail
    assert peak < 150_000_000


@pytest.mark.parametrize("name", ["csv", "lists", "scores on one line", "csv in base64"])
def test_the_fast_readers_leave_too_much_to_the_oracle(name: str) -> None:
    for count, is_read in ((1_000, True), (MOST_RECORDS + 1, False), (MOST_VALUES + 1, False)):
        raw = raw_of(READ[name], count)
        read = LineParser(MAPPING).for_chunks(FILE)
        chunk = Chunk(raw + b"\n", [len(raw)], Position())
        assert bool(read(chunk)) is is_read


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_containers_in_containers_are_rejected_and_not_all_tried(depth: int) -> None:
    def nested(below: int) -> object:
        keys = ("instances", "predictions", "inputs", "outputs", "data", "results", "scores")
        return {key: nested(below - 1) for key in (*keys, "projections")} if below else [[1, 2]]

    text = json.dumps(nested(depth))
    started = process_time()
    parsed: list[object] = []
    raw = line(side(text, JSON), side(text, JSON))
    peak = peak_of(lambda: parsed.append(parse(raw, MAPPING)))
    assert isinstance(parsed[0], Rejection)
    assert parsed[0].reason is Reason.RECORD_COUNT_MISMATCH
    assert "FORWARDER_INPUT_PATH" in parsed[0].detail
    assert peak < 1_000_000 + 40 * len(raw)
    assert process_time() - started < 2


def test_readings_that_are_equally_good_are_bounded_in_number() -> None:
    document = {f"k{n}": {"a": 1, "b": 2} for n in range(40)} | {"of": "another make"}
    answers = {f"k{n}": {"score": 1} for n in range(40)} | {"of": "another make"}
    parsed = parse(line(side(json.dumps(document), JSON), side(json.dumps(answers), JSON)), MAPPING)
    assert isinstance(parsed, Rejection)
    assert "more than 64 ways" in parsed.detail


def test_a_line_that_is_no_call_takes_little_memory_however_many_values_it_holds() -> None:
    for raw in (b"[" + b"[]," * 300_000 + b"1]", b"[" + b"[]," * 2_000_000 + b"1]", b"[" * 900_000):
        parsed: list[object] = []
        peak = peak_of(lambda raw=raw, parsed=parsed: parsed.append(parse(raw, MAPPING)))  # type: ignore[misc]
        assert isinstance(parsed[0], Rejection)
        assert peak < 20_000_000


def test_an_array_of_few_elements_makes_no_more_lists_than_there_may_be_values() -> None:
    shape = [200_000, *[1] * 31]
    tensor = {"name": "x", "shape": shape, "data": [1] * 200_000}
    raw = line(side(json.dumps({"inputs": [tensor]}), JSON), side("1"))
    assert peak_of(lambda: parse(raw, MAPPING)) < 50_000_000
