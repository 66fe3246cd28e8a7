"""Files of labels as lines: JSON Lines, CSV and Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.labels.csv_lines import json_lines
from capture_forwarder.labels.files import LabelFiles
from capture_forwarder.parser import read_lines
from capture_forwarder.publishers.duckdb.parquet import ParquetTables
from tests.support.captures import ground_truth
from tests.support.fakes import MemoryStore

TABLE = b"id,label\na,1\nb,0\n"
HEADER = {"csv_header": ["id", "label"]}
ROWS = [HEADER, {"csv": {"id": "a", "label": "1"}}, {"csv": {"id": "b", "label": "0"}}]


def lines_of(name: str, content: bytes, *, tables: bool = True) -> list[bytes]:
    store = MemoryStore(**{name: content})
    files = LabelFiles(store, ParquetTables() if tables else None)
    with files.open(CaptureFile("bucket", name)) as opened:
        assert opened.revision
        return [line.data for line in read_lines(opened.stream, 10**6)]


def rows_of(content: bytes) -> list[Any]:
    lines = b"".join(json_lines(io.BytesIO(content))).split(b"\n")[:-1]
    return [json.loads(line) if line.strip() else None for line in lines]


@pytest.mark.parametrize("name", ["labels.csv", "labels.csv.gz", "labels", "LABELS.CSV"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_is_known_by_its_name_or_by_what_it_holds(name: str, zipped: bool, mark: bytes) -> None:
    content = mark + TABLE
    found = lines_of(name, gzip.compress(content) if zipped else content)
    assert [json.loads(line) if line else None for line in found] == ROWS


@pytest.mark.parametrize("name", ["labels.jsonl", "part-0.c000.jsonl", "labels", "labels.json.gz"])
@pytest.mark.parametrize("zipped", [True, False])
def test_json_lines_stay_as_they_are(name: str, zipped: bool) -> None:
    content = b"\n".join([ground_truth("a", "1"), b"{ no JSON", ground_truth("b", "0")])
    found = lines_of(name, gzip.compress(content) if zipped else content)
    assert b"\n".join(found) == content


def test_an_empty_file_has_no_lines() -> None:
    assert lines_of("labels", b"") == []
    assert lines_of("labels.csv", b"") == []


def test_a_first_row_without_the_id_column_may_be_a_row_and_is_not_lost() -> None:
    assert rows_of(b"a,1\nb,0\n") == [{"csv_header": ["a", "1"]}, {"csv": {"a": "b", "1": "0"}}]
    assert rows_of(b"id,id\na,1\n") == [{"csv_header": ["id", "id"]}, {"csv": ["a", "1"]}]


def test_rows_that_do_not_fit_keep_all_that_they_hold() -> None:
    assert rows_of(b'id,label\na\nb,1,2\n"c\nd,1\n\xff,1\n'.replace(b"\xff", b"\xc3\xa9")) == [
        HEADER,
        {"csv": ["a"]},
        {"csv": ["b", "1", "2"]},
        {"csv": '"c'},
        {"csv": {"id": "d", "label": "1"}},
        {"csv": {"id": "é", "label": "1"}},
    ]


def test_a_line_that_is_not_utf_8_comes_through_byte_for_byte() -> None:
    content = b"id,label\n\xff\xfe,1\nb,0\n"
    assert b"\xff\xfe,1" in b"".join(json_lines(io.BytesIO(content))).split(b"\n")


def test_a_quote_that_is_never_closed_costs_its_own_line_alone() -> None:
    rows = "".join(f"r{n},1\n" for n in range(3000))
    found = rows_of(f'id,label\n"open,1\n{rows}'.encode())
    assert found[1] == {"csv": '"open,1'}
    assert found[2:] == [{"csv": {"id": f"r{n}", "label": "1"}} for n in range(3000)]


@given(
    st.lists(
        st.tuples(
            st.text(
                st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1
            ),
            st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])),
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_row_that_a_program_writes_comes_back_on_a_line_of_the_same_number(
    rows: list[tuple[str, str]], end: str
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "label"), *rows])
    content = written.getvalue().encode()
    found = rows_of(content)
    assert [row["csv"] for row in found[1:] if row] == [
        {"id": name, "label": label} for name, label in rows
    ]
    assert len(found) == content.count(b"\n")


@given(st.binary(max_size=300))
def test_any_bytes_give_as_many_lines_as_they_have(content: bytes) -> None:
    found = b"".join(json_lines(io.BytesIO(content)))
    assert found.count(b"\n") == content.count(b"\n") + (
        bool(content) and not content.endswith(b"\n")
    )


def parquet(folder: Path, query: str) -> bytes:
    path = folder / "labels.parquet"
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def test_parquet_gives_its_rows_with_their_types(tmp_path: Path) -> None:
    query = (
        "SELECT 'a' AS id, 1 AS label, TIMESTAMP '2026-03-01 10:00:00' AS at, 'NaN'::DOUBLE AS n "
        "UNION ALL SELECT 'b', 2, NULL, 0.5"
    )
    found = lines_of("any", parquet(tmp_path, query))
    assert list(map(json.loads, found)) == [
        {"id": "a", "label": 1, "at": "2026-03-01T10:00:00+00:00", "n": None},
        {"id": "b", "label": 2, "at": None, "n": 0.5},
    ]


def test_parquet_of_many_rows_keeps_their_order(tmp_path: Path) -> None:
    content = parquet(tmp_path, "SELECT range AS id, 1 AS label FROM range(5000)")
    found = lines_of("labels.parquet", content)
    assert [json.loads(line)["id"] for line in found] == list(range(5000))


def test_parquet_without_duckdb_says_what_to_install_and_type(tmp_path: Path) -> None:
    content = parquet(tmp_path, "SELECT 'a' AS id, 1 AS label")
    with pytest.raises(CaptureFileError) as raised:
        lines_of("labels.parquet", content, tables=False)
    assert raised.value.permanent
    assert "pip install 'capture-forwarder[duckdb]'" in raised.value.advice
    assert "labels send" in raised.value.advice


def test_parquet_that_was_cut_fails_its_file(tmp_path: Path) -> None:
    content = parquet(tmp_path, "SELECT 'a' AS id, 1 AS label")
    with pytest.raises(CaptureFileError) as raised:
        lines_of("labels.parquet", content[:-20])
    assert raised.value.permanent


def test_damaged_gzip_fails_its_file() -> None:
    with pytest.raises(CaptureFileError):
        lines_of("labels.csv.gz", gzip.compress(TABLE * 1000)[:-20])
