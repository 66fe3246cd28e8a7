"""The page about files: what it shows is what is written, and its snippets read that."""

from __future__ import annotations

import gzip
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from capture_forwarder.core.batch import Batch, LineSlice
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Row
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.schema import DataType
from capture_forwarder.local.parts import FolderPartFiles
from capture_forwarder.publishers.files.formats import FileFormat, JsonArray, JsonLines
from capture_forwarder.publishers.files.parquet import Parquet
from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher
from tests.support.rows import inference_of

PAGE = (Path(__file__).parents[3] / "docs/how-to/duckdb-and-files.md").read_text()
CAPTURES = "captures/churn/AllTraffic/2026/03/01/10/{}.jsonl"
FORMS: dict[str, FileFormat] = {
    "jsonl.gz": JsonLines(),
    "json": JsonArray(TIME),
    "parquet": Parquet({}, KEY, TIME),
}


class MemoryFiles:
    """Files by name."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.held[name] = data


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def for_files(code: list[str], suffix: str) -> str:
    """The block that reads files whose names end so."""
    (found,) = (block for block in code if re.search(rf"\*\.{suffix}['\"]", block))
    return found


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[FileFormat], None]:
    """Writes three rows of two capture files into `rows`, below the working folder."""
    monkeypatch.chdir(tmp_path)

    def written(form: FileFormat) -> None:
        publisher = FilePublisher(FolderPartFiles(Path("rows")), "r", form=form)
        for stem, rows in {"20-30-1": ROWS[:2], "21-30-1": ROWS[2:]}.items():
            inferences = [inference_of(str(row["id"]), row) for row in rows]
            parts = [LineSlice(Line(1, 0, b"", 9), 0, len(rows), len(rows))]
            file = CaptureFile("bucket", CAPTURES.format(stem))
            publisher.publish(Batch(file, "v", inferences, parts, Position(10, 1)))

    return written


ROWS: list[Row] = [
    {"id": "007", "score": 0.25, TIME: "2026-03-01T10:20:30Z"},
    {"id": "008", "score": 1, TIME: "2026-03-01T10:20:31Z"},
    {"id": "009", "score": 1.75, TIME: "2026-03-01T10:21:30Z", "late": "x"},
]


@pytest.mark.parametrize("suffix", FORMS)
def test_pandas_reads_the_rows_by_the_pages_snippet(
    suffix: str, write: Callable[[FileFormat], None]
) -> None:
    write(FORMS[suffix])
    code = for_files(blocks("python"), "parquet" if suffix == "parquet" else "jsonl.gz")
    if suffix == "json":
        assert "look for `*.json` and leave out `lines=True`" in PAGE
        code = code.replace("*.jsonl.gz", "*.json").replace("lines=True, ", "")
    known: dict[str, Any] = {}

    exec(code, known)  # noqa: S102 - the page's own

    frame = known["frame"]
    assert [str(one) for one in frame[KEY]] == ["007", "008", "009"]
    assert list(frame["score"]) == [0.25, 1, 1.75]
    assert frame[TIME].iloc[2].isoformat() == "2026-03-01T10:21:30+00:00"


@pytest.mark.parametrize("suffix", FORMS)
def test_duckdb_reads_the_rows_by_the_pages_snippet(
    suffix: str, write: Callable[[FileFormat], None]
) -> None:
    write(FORMS[suffix])

    with duckdb.connect() as connection:
        found = connection.execute(for_files(blocks("sql"), suffix)).fetchall()

    assert found == [(1.0,)]


def test_arthurs_prefix_and_suffix_find_the_files_and_no_others(
    write: Callable[[FileFormat], None],
) -> None:
    write(FORMS["json"])
    prefix, suffix, zone = (
        re.findall(rf"`{key}` \| `(.*)` \|", PAGE)[0]
        for key in ("file_prefix", "file_suffix", "timestamp_time_zone")
    )
    hour = "2026/03/01/10"
    folder = Path(prefix.replace("%Y/%m/%d/%H", hour))

    found = [path for path in folder.rglob("*") if path.is_file()]

    assert zone == "UTC"
    assert len(found) == 2
    assert all(re.search(f"{suffix}$", path.as_posix()) for path in found)
    assert not re.search(f"{suffix}$", "20-30-1-0123456789ab-0-0.jsonl.gz")


def test_the_types_for_athena_are_those_of_parquet_files() -> None:
    told = re.findall(r"`inference_time` is a `(.*?)`,\s+a list of numbers an `(.*?)`", PAGE)
    (whole,) = re.findall(r"whole numbers are `(.*?)`", PAGE)
    row: Row = {KEY: "1", TIME: "2026-03-01T10:20:30Z", "list": [0.5], "n": 1}

    data = Parquet({"n": DataType.INT}, KEY, TIME).encode([row])

    types = [str(field.type) for field in pq.read_table(pa.BufferReader(data)).schema]
    assert types == ["string", "timestamp[us, tz=UTC]", "list<element: double>", "int64"]
    assert (told, whole) == ([("timestamp", "array<double>")], "bigint")


def test_the_page_shows_a_row_as_it_is_written() -> None:
    (shown,) = re.findall(r"```json\n(.*)\n```", PAGE)
    row: Row = {"age": 39, "tags": ["new", "web"], "address": {"city": "Bern"}, "score": 0.25}
    row[TIME] = "2026-03-01T10:20:30Z"
    files = MemoryFiles()

    FilePublisher(files, "captures").publish(Batch.of([inference_of("4fae283c_0", row)]))

    (data,) = files.held.values()
    assert gzip.decompress(data).decode() == f"{shown}\n"


def test_the_pages_table_looks_for_files_where_they_lie() -> None:
    (shown,) = re.findall(r"(?m)^rows/(\S+)$", PAGE)
    (template,) = re.findall(r"'storage\.location\.template' = 's3://rows-bucket/rows/(\S+)'", PAGE)
    key = "captures/churn/AllTraffic/2026/03/01/10/20-30-123-4fae283c.jsonl"
    part = LineSlice(Line(1, 0, b"", 9), 0, 1, 1)
    batch = Batch(CaptureFile("bucket", key), "v", [inference_of("1", {})], [part], Position(10, 1))
    files = MemoryFiles()

    FilePublisher(files, "captures").publish(batch)

    (name,) = files.held
    place = {"endpoint": "churn", "variant": "AllTraffic", "datehour": "2026/03/01/10"}
    folder = string.Template(template).substitute(place)
    assert name == shown
    assert name.startswith(folder)
    assert "/" not in name.removeprefix(folder)
