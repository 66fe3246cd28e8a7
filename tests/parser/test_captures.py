"""The public API for notebooks and scripts."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import capture_forwarder
from capture_forwarder import Captures, ColumnMapping, Inference, Reason, RejectedLine
from capture_forwarder.core.batch import Batch
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from tests.support.captures import line, side

MAPPING = ColumnMapping.of(inputs=["age", "plan"], outputs=["score"])
GOOD = line(side("31,basic\n45,gold"), side("0.25\n0.5"), eventId="call")
FILE = b"\n".join([GOOD, b"", b"no json", line(side("1,x"), side("0.75"))])
ROWS = [
    {"age": 31, "plan": "basic", "score": 0.25},
    {"age": 45, "plan": "gold", "score": 0.5},
    {"age": 1, "plan": "x", "score": 0.75},
]


def test_bytes_become_inferences_and_rejections_in_order() -> None:
    items = list(Captures(FILE, MAPPING))

    assert [type(item) for item in items] == [Inference, Inference, RejectedLine, Inference]
    assert [item.id for item in items if isinstance(item, Inference)][:2] == ["call_0", "call_1"]
    (rejected,) = [item for item in items if isinstance(item, RejectedLine)]
    assert (rejected.number, rejected.offset) == (3, len(GOOD) + 2)
    assert (rejected.reason, rejected.line) == (Reason.INVALID_JSON, b"no json")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_path_a_file_and_bytes_read_alike_and_more_than_once(
    tmp_path: Path, zipped: bool
) -> None:
    content = gzip.compress(FILE) if zipped else FILE
    path = tmp_path / "captures.jsonl"
    path.write_bytes(content)

    for source in (path, str(path), content, io.BytesIO(content)):
        captures = Captures(source, MAPPING)
        assert list(captures.rows()) == ROWS
        assert [inference.row for inference in captures.inferences()] == ROWS
        assert [rejected.number for rejected in captures.rejections()] == [3]


def test_a_callers_file_stays_open() -> None:
    file = io.BytesIO(FILE)
    assert len(list(Captures(file, MAPPING))) == 4
    assert not file.closed


def test_rows_go_into_pandas_in_one_line() -> None:
    frame = pd.DataFrame(Captures(FILE, MAPPING).rows())

    assert frame.to_dict("records") == ROWS


def test_rows_go_into_duckdb_in_one_line(tmp_path: Path) -> None:
    database = str(tmp_path / "captures.duckdb")

    LocalPublisher(database, "churn").publish(Batch.of(list(Captures(FILE, MAPPING).inferences())))

    with duckdb.connect(database) as connection:
        found = connection.execute("SELECT age, plan, score FROM churn ORDER BY score").fetchall()
    assert found == [tuple(row.values()) for row in ROWS]


def test_types_are_taken_and_unknown_ones_refused() -> None:
    captures = Captures(FILE, MAPPING, types={"age": "str", "score": "str"})

    assert next(iter(captures.rows())) == {"age": "31", "plan": "basic", "score": "0.25"}
    with pytest.raises(ValueError, match="number"):
        Captures(FILE, MAPPING, types={"age": "number"})


def test_metadata_comes_from_the_key() -> None:
    mapping = ColumnMapping.of(outputs="score", metadata=["endpoint=endpoint", "at=capture_hour"])
    key = "any/churn/AllTraffic/2026/03/01/10/20-30-123-a.jsonl"

    row = next(Captures(FILE, mapping, key=key).rows())

    assert row == {"score": 0.25, "endpoint": "churn", "at": "2026-03-01T10:00:00Z"}


def test_a_mapping_comes_from_lists_or_from_the_comma_lists_of_the_settings() -> None:
    lists = ColumnMapping.of(["age", "a,b", "x=y.z"], ["score"], timestamp="ts")
    text = ColumnMapping.of('age, "a,b", x=y.z', "score", timestamp="ts")

    assert lists == text
    assert lists.names == ("age", "a,b", "x", "score", "ts")
    with pytest.raises(ValueError, match="age"):
        ColumnMapping.of(["age"], ["age"])


def test_a_large_file_is_gone_through_in_little_memory() -> None:
    class Endless(io.RawIOBase):
        """Gives the same line again and again."""

        sent = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if self.sent == 2000:
                return 0
            self.sent += 1
            text = GOOD + b"\n"
            buffer[: len(text)] = text
            return len(text)

    captures = Captures(Endless(), MAPPING)  # type: ignore[arg-type]
    tracemalloc.start()
    count = sum(1 for _ in captures)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 4000
    assert peak < 2_000_000


def test_the_package_exports_what_it_documents() -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/notebooks.md").read_text(encoding="utf-8")
    for name in capture_forwarder.__all__:
        assert f"`{name}" in guide, name
