"""Rows in files: flat, whole, and the same bytes whenever they are written again."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.ports import Ports
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.local.parts import FolderPartFiles
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryQuarantine, MemoryStore
from tests.support.rows import inference_of


class MemoryFiles:
    """Files by name."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.held[name] = data


def inferences(*rows: Row) -> list[Inference]:
    """Inferences called 1, 2, ... with these rows."""
    return [inference_of(str(number), row) for number, row in enumerate(rows, 1)]


def read(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(text) for text in gzip.decompress(data).splitlines()]


def published(*rows: Row) -> list[dict[str, Any]]:
    """What stands in the file for rows with these columns, but the id."""
    files = MemoryFiles()
    FilePublisher(files, "captures").publish(Batch.of(inferences(*rows)))
    (data,) = files.held.values()
    found = read(data)
    assert [row.pop(KEY) for row in found] == [str(n) for n in range(1, len(rows) + 1)]
    return found


# --- rows ----------------------------------------------------------------------------------


def test_a_row_is_a_line_with_its_id_first() -> None:
    files = MemoryFiles()

    FilePublisher(files, "captures").publish(
        Batch.of(inferences({"a": 1, "score": 0.5}, {"a": None, "score": 1e-300}))
    )

    (data,) = files.held.values()
    assert gzip.decompress(data) == (
        b'{"inference_id":"1","a":1,"score":0.5}\n{"inference_id":"2","a":null,"score":1e-300}\n'
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (2**80, 2**80),
        (float("nan"), None),
        (float("inf"), None),
        (-float("inf"), None),
        ("two\nlines\r\u2028\u0085", "two\nlines\r\u2028\u0085"),
        ("\0ü\U0001f600", "\0ü\U0001f600"),
        ([], []),
        ([1, 0.5, "x", None, True], [1, 0.5, "x", None, True]),
        ([float("nan"), 1.0], [None, 1.0]),
        ([[1, 2], [3]], "[[1,2],[3]]"),
        ([1, {"a": 2}], '[1,{"a":2}]'),
        ({}, "{}"),
        ({"a": [1, {"ü": None}]}, '{"a":[1,{"ü":null}]}'),
        ({"a": float("nan")}, '{"a":null}'),
    ],
)
def test_a_value_is_flat(value: object, written: object) -> None:
    ((found,),) = (row.values() for row in published({"x": value}))

    assert found == written
    assert type(found) is type(written)


def test_the_rows_of_a_batch_are_not_changed_by_writing_them() -> None:
    held = inferences({"x": {"a": 1}})

    FilePublisher(MemoryFiles(), "captures").publish(Batch.of(held))

    assert held == inferences({"x": {"a": 1}})


def test_the_same_inference_twice_is_two_rows() -> None:
    # Two lines of an object may carry one id: both were captured.
    files = MemoryFiles()
    twice = [inference_of("1", {"a": 1}), inference_of("1", {"a": 2})]

    FilePublisher(files, "captures").publish(Batch.of(twice))

    (data,) = files.held.values()
    assert [row["a"] for row in read(data)] == [1, 2]


def test_odd_column_names_stay() -> None:
    row: Row = {'say "hi"': 1, "größe 日本": 2, "a.b": 3, "  ": 4, "": 5, "A": 6, "a": 7}
    assert published(row) == [row]


def test_the_schema_asks_for_id_and_time_and_knows_no_types() -> None:
    schema = FilePublisher(MemoryFiles(), "captures", "event_id", "at").schema()

    assert (schema.event_id_column, schema.timestamp_column) == ("event_id", "at")
    assert schema.types == {}


def test_another_value_in_the_ids_column_is_refused() -> None:
    publisher = FilePublisher(MemoryFiles(), "captures")

    with pytest.raises(PublisherMisconfiguredError, match="FORWARDER_EVENT_ID_COLUMN") as raised:
        publisher.publish(Batch.of([inference_of("1", {KEY: "secret value"})]))

    assert "secret" not in str(raised.value)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)
NAMES = st.text(st.characters(codec="utf-8")).filter(lambda name: name != KEY)


@given(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=4))
def test_rows_of_anything_come_back(rows: list[Row]) -> None:
    found = published(*rows)

    for sent, held in zip(rows, found, strict=True):
        assert sent.keys() == held.keys()
        for name, value in sent.items():
            nested = isinstance(value, dict) or (
                isinstance(value, list) and any(isinstance(item, list | dict) for item in value)
            )
            assert (json.loads(held[name]) if nested else held[name]) == value


# --- through the pipeline --------------------------------------------------------------------

SOURCE = CaptureFile("bucket", "captures/churn/blue/2026/03/01/10/20-30-1.jsonl")


def test_an_object_becomes_a_file_of_its_hour(tmp_path: Path) -> None:
    publisher = FilePublisher(FolderPartFiles(tmp_path), "captures")
    clock = ManualClock()
    store = MemoryStore()
    store.objects[SOURCE.key] = b"\n".join(
        [
            line(side("1,x\n2,y"), side("0.5\n0.25"), eventId="first"),
            line(side("3,z"), side("nan"), inferenceId="third"),
        ]
    )
    schema = publisher.schema()
    mapping = ColumnMapping.of(
        "a,b", "score", timestamp=schema.timestamp_column, event_id=schema.event_id_column
    )

    report = forward_file(
        SOURCE,
        LineParser(mapping, schema),
        Ports(store, publisher, MemoryQuarantine(), clock),
        RouteOptions("captures", 10**6),
        Invocation(),
    )

    (path,) = (found for found in tmp_path.rglob("*") if found.is_file())
    assert report.published == 3
    assert path.parent.relative_to(tmp_path).as_posix() == "churn/blue/2026/03/01/10"
    at = "2026-03-01T10:20:30Z"
    assert read(path.read_bytes()) == [
        {KEY: "first_0", "a": 1, "b": "x", "score": 0.5, TIME: at},
        {KEY: "first_1", "a": 2, "b": "y", "score": 0.25, TIME: at},
        {KEY: "third", "a": 3, "b": "z", "score": None, TIME: at},
    ]


def test_another_program_reads_the_folder_with_its_partitions(tmp_path: Path) -> None:
    publisher = FilePublisher(FolderPartFiles(tmp_path), "captures")
    publisher.publish(Batch.of(inferences({"a": 1, "f": [0.5], TIME: "2026-03-01T10:20:30Z"})))

    sql = f"SELECT inference_id, a, f FROM '{tmp_path}/*/*/2026/03/01/*/*.jsonl.gz'"  # noqa: S608 - a folder of our own
    with duckdb.connect() as connection:
        assert connection.execute(sql).fetchall() == [("1", 1, [0.5])]


# --- sending again -------------------------------------------------------------------------


def contents(root: Path) -> dict[str, str]:
    """Every file below a folder, by its digest."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_publishing_again_writes_the_same_bytes_to_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Batch.of(inferences({"a": 1}, {"a": [1, {"b": 2}]}))
    FilePublisher(FolderPartFiles(tmp_path), "captures").publish(batch)
    before = contents(tmp_path)
    monkeypatch.setattr("time.time", lambda: 2e9)

    FilePublisher(FolderPartFiles(tmp_path), "captures").publish(batch)

    assert contents(tmp_path) == before
    assert len(before) == 1


def test_two_routes_into_one_place_keep_their_rows_apart(tmp_path: Path) -> None:
    batch = Batch.of(inferences({"a": 1}))

    for route in ("churn", "fraud"):
        FilePublisher(FolderPartFiles(tmp_path), route).publish(batch)

    assert len(contents(tmp_path)) == 2


# --- a folder ------------------------------------------------------------------------------


def test_the_folder_is_made_with_the_first_file_and_not_before(tmp_path: Path) -> None:
    root = tmp_path / "rows" / "here"
    publisher = FilePublisher(FolderPartFiles(root), "captures")
    publisher.schema()
    assert not root.exists()

    publisher.publish(Batch.of(inferences({"a": 1})))

    assert len(contents(root)) == 1


def test_a_file_can_be_read_by_whom_the_folders_rights_allow(tmp_path: Path) -> None:
    FolderPartFiles(tmp_path).put("a/part", b"data")
    (tmp_path / "a" / "plain").write_bytes(b"")

    modes = {path.stat().st_mode for path in (tmp_path / "a").iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    files = FolderPartFiles(tmp_path)
    files.put("a/part", b"before")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(PlatformUnavailableError, match="No space left") as raised:
            files.put("a/part", b"secret row")

    assert "secret" not in str(raised.value)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["part"]
    assert (tmp_path / "a" / "part").read_bytes() == b"before"


def in_the_way(root: Path) -> None:
    (root / "a").write_text("a file where a folder should be")


def is_a_file(root: Path) -> None:
    root.rmdir()
    root.write_text("")


def is_a_folder(root: Path) -> None:
    (root / "a" / "part").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [in_the_way, is_a_file, is_a_folder])
def test_a_place_that_cannot_hold_files_needs_somebody_to_change_something(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    root = tmp_path / "rows"
    root.mkdir()
    spoil(root)

    with pytest.raises(PublisherMisconfiguredError, match="FORWARDER_FILES") as raised:
        FolderPartFiles(root).put("a/part", b"data")

    assert str(root) in raised.value.message


def test_writers_of_one_file_at_once_leave_one_of_their_files_whole(tmp_path: Path) -> None:
    files = FolderPartFiles(tmp_path)
    texts = [bytes([65 + n]) * 300_000 for n in range(6)]
    failed: list[PublishError] = []

    def write(data: bytes) -> None:
        try:
            for _ in range(5):
                files.put("a/part", data)
        except PublishError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(data,)) for data in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["part"]
    assert (tmp_path / "a" / "part").read_bytes() in texts


ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["age", "plan", "odd"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-5, 5),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=4),
            st.sampled_from(["{", "[", ',\n{"a":1}', "}"]),
            st.lists(st.lists(st.integers(0, 3), max_size=2), max_size=2),
            st.dictionaries(st.just("in"), st.integers(0, 3), max_size=1),
        ),
        max_size=3,
    ),
    min_size=1,
    max_size=4,
)


@given(ROWS, st.booleans())
def test_rows_that_come_as_json_are_written_as_other_rows_are(
    rows: list[Row], with_ids: bool
) -> None:
    """Nested values become text, and an id is put where there is none, either way."""
    names = (KEY, "age", "plan", "odd") if with_ids else ("age", "plan", "odd")
    found = [
        Inference(f"{n}", names, tuple({KEY: f"{n}", **row}.get(name) for name in names))
        for n, row in enumerate(rows)
    ]
    held = []
    for as_json in (False, True):
        collected = collecting(as_json=as_json)
        collected.take(found)
        files = MemoryFiles()
        FilePublisher(files, "churn").publish(Batch.of(collected.give()))
        held.append({name: read(data) for name, data in files.held.items()})
    assert held[0] == held[1]


def test_a_number_keeps_the_digits_that_were_captured() -> None:
    publisher = FilePublisher(files := MemoryFiles(), "churn")
    rows = b'{"inference_id":"a","score":0.50},\n{"inference_id":"b","score":1e-07}'
    publisher.publish(Batch.of(WrittenInferences(["a", "b"], ("inference_id", "score"), [rows])))
    (data,) = files.held.values()
    assert gzip.decompress(data) == rows.replace(b",\n", b"\n") + b"\n"


def test_another_value_in_the_column_of_ids_is_refused_of_rows_as_json_too() -> None:
    written = WrittenInferences(["a"], ("inference_id",), [b'{"inference_id":"b"}'])
    with pytest.raises(PublisherMisconfiguredError, match="is the inference's id"):
        FilePublisher(MemoryFiles(), "churn").publish(Batch.of(written))
