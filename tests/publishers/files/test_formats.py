"""What stands in files of each form: the same bytes each time, and what their readers need."""

from __future__ import annotations

import gzip
import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dateutil import parser as dateutil_parser
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    MissingExtraError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.inference import Row
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.schema import DataType
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.local.parts import FolderPartFiles
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.files.formats import FileFormat, JsonArray, JsonLines, flat
from capture_forwarder.publishers.files.parquet import (
    Parquet,
    Writer,
    write_with_duckdb,
    write_with_pyarrow,
)
from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryQuarantine, MemoryStore
from tests.support.row_files import read_rows
from tests.support.rows import inference_of

WHEN = "2026-03-01T10:20:30Z"
WRITERS = {"duckdb": write_with_duckdb, "pyarrow": write_with_pyarrow}
FORMS: dict[str, FileFormat] = {
    "json-lines": JsonLines(),
    "json-array": JsonArray(TIME),
    **{f"parquet by {name}": Parquet({}, KEY, TIME, write) for name, write in WRITERS.items()},
}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
each_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


class MemoryFiles:
    """Files by name."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.held[name] = data


TEXTS = st.text(st.characters(codec="utf-8"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True, allow_infinity=True)
    | TEXTS
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.just([[1], {"a": 2}])
ROWS = st.lists(
    st.fixed_dictionaries({KEY: TEXTS, TIME: st.just(WHEN)}, optional={"a": VALUES, "b": VALUES}),
    min_size=1,
    max_size=5,
)


@each_form
@given(rows=ROWS)
@settings(max_examples=40, deadline=None)
def test_the_same_rows_are_the_same_bytes(form: FileFormat, rows: list[Row]) -> None:
    flattened = [flat(row) for row in rows]
    assert form.encode(flattened) == form.encode([dict(row) for row in flattened])


@each_form
def test_many_rows_are_the_same_bytes_each_time_and_keep_their_order(form: FileFormat) -> None:
    rows: list[Row] = [
        {KEY: f"id-{n}", TIME: WHEN, "x": n / 7, "plan": f"p{n % 5}", "list": [n, 0.5]}
        for n in range(10_000)
    ]

    first, *others = (form.encode(rows) for _ in range(3))

    assert set(others) == {first}
    found = read_rows(f"x{form.suffix}", first)
    assert [row[KEY] for row in found] == [row[KEY] for row in rows]
    assert [row["x"] for row in found] == [row["x"] for row in rows]


# --- one JSON document -----------------------------------------------------------------------


def test_a_json_array_is_one_document_of_rows_and_not_zipped() -> None:
    data = JsonArray(TIME).encode(
        [{KEY: "1", "a": math.nan, TIME: WHEN}, {KEY: "2", "a": "x\ny", TIME: WHEN}]
    )

    assert json.loads(data) == [
        {KEY: "1", "a": None, TIME: WHEN},
        {KEY: "2", "a": "x\ny", TIME: WHEN},
    ]
    assert data.decode().splitlines()[0] == "["


@given(rows=ROWS)
def test_a_json_array_holds_the_rows_that_json_lines_hold(rows: list[Row]) -> None:
    flattened = [flat(row) for row in rows]
    lines = gzip.decompress(JsonLines().encode(flattened)).decode()

    document = json.loads(JsonArray(TIME).encode(flattened))

    assert document == [json.loads(text) for text in lines.split("\n")[:-1]]


@pytest.mark.parametrize(
    "time", ["2026-03-01T10:20:30Z", "2026-03-01 10:20:30.5+01:00", "2026-03-01", "2026-03-01T10"]
)
def test_every_time_that_is_taken_is_one_to_arthurs_reader(time: str) -> None:
    assert JsonArray(TIME).refusal({TIME: time}) is None
    assert isinstance(dateutil_parser.parse(time), datetime)


@pytest.mark.parametrize("row", [{}, {TIME: None}, {TIME: ""}, {TIME: "soon"}, {TIME: 1772360430}])
def test_a_row_without_a_time_is_refused_in_plain_words(row: Row) -> None:
    said = JsonArray(TIME).refusal(row)

    assert said is not None
    assert said.startswith(("The row has no time in", "What the row has in 'inference_time' is no"))
    assert "soon" not in said


def test_rows_without_a_time_go_to_quarantine_and_the_others_into_the_file(tmp_path: Path) -> None:
    source = CaptureFile("bucket", "captures/churn/blue/2026/03/01/10/20-30-1.jsonl")
    store, kept, clock = MemoryStore(), MemoryQuarantine(), ManualClock()
    store.objects[source.key] = b"\n".join(
        [
            line(side("1"), side("0.5"), eventId="timed"),
            line(side("2\n3"), side("0.25\n0.125"), eventId="untimed", inferenceTime=None),
            line(side("4"), side("0.75"), eventId="last"),
        ]
    )
    publisher = FilePublisher(FolderPartFiles(tmp_path), "r", form=JsonArray(TIME))
    schema = publisher.schema()
    mapping = ColumnMapping.of("a", "score", timestamp=TIME, event_id=KEY)

    report = forward_file(
        source,
        LineParser(mapping, schema),
        Ports(store, publisher, kept, clock),
        RouteOptions("r", 10**6),
        Invocation(),
    )

    assert (report.published, report.refused) == (2, 2)
    (path,) = (found for found in tmp_path.rglob("*") if found.is_file())
    assert path.name.endswith("-000000000000-000000.json")
    assert [row[KEY] for row in json.loads(path.read_bytes())] == ["timed", "last"]
    assert [entry.inference_id for entry in kept.entries] == ["untimed_0", "untimed_1"]
    assert {entry.reason for entry in kept.entries} == {Reason.REJECTED_BY_PLATFORM}
    assert all("has no time in 'inference_time'" in entry.detail for entry in kept.entries)


def test_a_batch_of_refused_rows_alone_leaves_no_file() -> None:
    files = MemoryFiles()
    publisher = FilePublisher(files, "r", form=JsonArray(TIME))

    receipt = publisher.publish(Batch.of([inference_of("1", {"a": 1}), inference_of("2", {})]))

    assert sorted(receipt.refused) == [0, 1]
    assert files.held == {}


def test_the_hour_of_a_file_is_that_of_the_first_row_in_it() -> None:
    files = MemoryFiles()
    publisher = FilePublisher(files, "r", form=JsonArray(TIME))

    publisher.publish(Batch.of([inference_of("1", {}), inference_of("2", {TIME: WHEN})]))

    (name,) = files.held
    assert name.startswith("other/other/2026/03/01/10/")
    assert name.endswith(".json")


# --- Parquet ---------------------------------------------------------------------------------


def parquet(write: Writer, rows: list[Row], **types: str) -> pa.Table:
    """The table in a Parquet file with these rows."""
    declared = {name: DataType(kind) for name, kind in types.items()}
    data = Parquet(declared, KEY, TIME, write).encode([flat(row) for row in rows])
    return pq.read_table(pa.BufferReader(data))


def columns(table: pa.Table) -> dict[str, str]:
    """Column → type; who names the items of a list in which way does not matter."""
    return {field.name: str(field.type).replace("element", "item") for field in table.schema}


@each_writer
def test_columns_are_typed_by_their_values(write: Writer) -> None:
    row: Row = {KEY: "1", "int": 1, "float": 0.5, "bool": True, "text": "x", TIME: WHEN}
    table = parquet(write, [{**row, "numbers": [1, 0.5], "texts": ["a"], "deep": {"a": [1]}}])

    assert columns(table) == {
        KEY: "string",
        "int": "int64",
        "float": "double",
        "bool": "bool",
        "text": "string",
        TIME: "timestamp[us, tz=UTC]",
        "numbers": "list<item: double>",
        "texts": "string",
        "deep": "string",
    }
    assert table.to_pylist() == [
        {
            **row,
            TIME: datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC),
            "numbers": [1.0, 0.5],
            "texts": '["a"]',
            "deep": '{"a":[1]}',
        }
    ]


@each_writer
def test_the_mappings_types_make_files_alike_whatever_is_in_them(write: Writer) -> None:
    types = {"score": "float", "plan": "category", "when": "timestamp", "v": "vector", "n": "int"}
    empty: Row = dict.fromkeys(types)
    full: Row = {"score": 1, "plan": "x", "when": "2026-03-01T11:20:30+01:00", "v": [1], "n": 1}

    tables = [parquet(write, [{KEY: "1", **row, TIME: WHEN}], **types) for row in (empty, full)]

    assert columns(tables[0]) == columns(tables[1])
    assert columns(tables[0])["score"] == "double"
    (row,) = tables[1].to_pylist()
    assert row["when"] == datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
    assert tables[0].to_pylist()[0]["score"] is None


@each_writer
def test_a_value_that_does_not_fit_its_type_is_kept_in_a_wider_one(write: Writer) -> None:
    table = parquet(write, [{KEY: "1", "n": "many"}, {KEY: "2", "n": 2}], n="int")

    assert table.column("n").to_pylist() == ["many", "2"]


@each_writer
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("other", ["text", 0.5, None])
def test_a_number_that_is_none_is_null_in_a_column_of_any_type(
    other: object, number: float, write: Writer
) -> None:
    table = parquet(write, [{KEY: "1", "n": number}, {KEY: "2", "n": other}], n="float")

    assert table.column("n").to_pylist() == [None, other]


@each_writer
def test_a_column_without_a_value_or_a_type_is_left_out(write: Writer) -> None:
    assert columns(parquet(write, [{KEY: "1", "a": None}])) == {KEY: "string"}


@each_writer
def test_a_time_without_an_offset_or_none_stays_as_it_is(write: Writer) -> None:
    table = parquet(write, [{KEY: "1", TIME: "2026-03-01T10:20:30"}, {KEY: "2", TIME: None}])

    assert table.column(TIME).to_pylist() == ["2026-03-01T10:20:30", None]


@each_writer
@pytest.mark.parametrize("names", [("Age", "age"), ("", "a")])
def test_names_that_readers_cannot_tell_apart_are_refused(
    names: tuple[str, str], write: Writer
) -> None:
    with pytest.raises(PublisherMisconfiguredError) as raised:
        parquet(write, [{KEY: "1", **dict.fromkeys(names, 77.5)}])

    assert raised.value.advice
    assert "77.5" not in str(raised.value)


@each_writer
def test_odd_names_stay(write: Writer) -> None:
    row: Row = {KEY: "1", 'say "hi"': 1, "größe 日本": 2, "a.b": 3, "rows": 4, "it's": 5}
    assert parquet(write, [row]).to_pylist() == [row]


@given(rows=ROWS)
@settings(max_examples=150, deadline=None)
def test_duckdb_and_pyarrow_write_the_same_rows(rows: list[Row]) -> None:
    one, other = (parquet(write, rows) for write in WRITERS.values())

    assert columns(one) == columns(other)
    assert one.to_pylist() == other.to_pylist()


@each_writer
@given(rows=ROWS)
@settings(max_examples=75, deadline=None)
def test_no_value_is_lost(write: Writer, rows: list[Row]) -> None:
    for row, found in zip(rows, parquet(write, rows).to_pylist(), strict=True):
        for name, value in flat(row).items():
            held = found.get(name)
            if held is None or name == TIME:
                assert name == TIME or is_null(value)
            elif isinstance(held, str) and not isinstance(value, str):
                assert json.loads(held) == without_nan(value)
            else:
                assert held == without_nan(value)
                assert not isinstance(value, str) or type(held) is str


def is_null(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def without_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if is_null(value) else value


def test_a_disk_that_takes_no_more_may_take_more_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("capture_forwarder.publishers.files.parquet.TemporaryDirectory", no_room)

    with pytest.raises(PlatformUnavailableError, match="TMPDIR"):
        parquet(write_with_duckdb, [{KEY: "secret"}])
    assert list(tmp_path.iterdir()) == []


def test_without_duckdb_pyarrow_writes_and_without_both_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[Row] = [{KEY: "1", "a": 1, TIME: WHEN}]
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert Parquet({}, KEY, TIME).encode(rows) == Parquet({}, KEY, TIME, write_with_pyarrow).encode(
        rows
    )
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(MissingExtraError, match=r"capture-forwarder\[duckdb\]") as raised:
        Parquet({}, KEY, TIME)

    assert "json-lines and json-array" in str(raised.value)
