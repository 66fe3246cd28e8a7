"""Capture files of a folder or of S3 as rows for notebooks; the page about it, run."""

from __future__ import annotations

import re
import runpy
import warnings
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from capture_forwarder import ColumnMapping, Reason, inspect_captures, read_captures
from capture_forwarder.core.errors import UsageError
from tests.support.captures import line, side
from tests.support.docs_pages import REPOSITORY

PAGE = (REPOSITORY / "docs/how-to/notebooks.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MAPPING = ColumnMapping.of(inputs=["age", "plan"], outputs=["score"], metadata="endpoint=endpoint")
FILES = {
    "churn/AllTraffic/2026/03/01/10/20-30-123.jsonl": [
        line(side("31,basic\n45,gold"), side("0.25\n0.5")),
        b"no json",
    ],
    "churn/AllTraffic/2026/03/02/11/20-30-124.jsonl": [
        line(side("1,x"), side("0.75")),
        line(side("1"), side("0.75")),
        b"{}{}",
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for key, lines in FILES.items():
        path = tmp_path / "captures" / key
        path.parent.mkdir(parents=True)
        path.write_bytes(b"\n".join(lines) + b"\n")
    return tmp_path / "captures"


def test_the_rows_of_all_files_come_in_order_with_what_was_rejected(folder: Path) -> None:
    found = read_captures(folder, MAPPING)
    assert [row["score"] for row in found.rows] == [0.25, 0.5, 0.75]
    assert {row["endpoint"] for row in found.rows} == {"churn"}
    assert found.rejected == {Reason.INVALID_JSON: 2, Reason.COLUMN_COUNT_MISMATCH: 1}
    assert found.examples[Reason.INVALID_JSON].line == b"no json"
    assert found.files == 2


def test_files_can_be_chosen_by_their_hours(folder: Path) -> None:
    found = read_captures(folder, MAPPING, since=datetime(2026, 3, 2, tzinfo=UTC))
    assert [row["score"] for row in found.rows] == [0.75]


def test_several_addresses_are_read_and_each_file_once(folder: Path) -> None:
    first = folder / "churn/AllTraffic/2026/03/01"
    assert len(read_captures([first, str(folder)], MAPPING).rows) == 3


@mock_aws
def test_a_prefix_in_s3_is_read_as_a_folder_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="captures")
    for path in folder.rglob("*.jsonl"):
        key = f"datacapture/{path.relative_to(folder).as_posix()}"
        s3.put_object(Bucket="captures", Key=key, Body=path.read_bytes())
    in_s3 = read_captures("s3://captures/datacapture/", MAPPING)
    assert in_s3.rows == read_captures(folder, MAPPING).rows
    assert in_s3.rejected.total() == 3


def test_a_mapping_that_fits_nothing_is_warned_of_with_its_reason(folder: Path) -> None:
    mapping = ColumnMapping.of(inputs=["age", "plan", "more"], outputs=["score"])
    with pytest.warns(UserWarning, match=r"No line of 5 became a row\. 3 of them: column-count"):
        found = read_captures(folder, mapping)
    assert found.rows == []


def test_a_warning_tells_of_no_value(folder: Path) -> None:
    mapping = ColumnMapping.of(inputs=["age", "plan", "more"], outputs=["score"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_captures(folder, mapping)
    assert len(caught) == 1
    assert not re.search("basic|gold|0.25", str(caught[0].message))


def test_files_without_lines_are_no_reason_to_warn(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"\n")
    assert read_captures(tmp_path, MAPPING).rows == []


def test_an_address_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        read_captures(tmp_path / "nowhere", MAPPING)


def test_a_type_that_does_not_exist_is_told_with_its_column_and_those_that_do(
    folder: Path,
) -> None:
    with pytest.raises(ValueError, match=r"the type of 'age' is 'flot'.*float, int"):
        read_captures(folder, MAPPING, types={"age": "flot"})


def test_a_mapping_is_proposed_that_reads_the_same_files(folder: Path) -> None:
    (endpoint,) = inspect_captures(folder)
    assert endpoint.mapping is not None
    rows = read_captures(folder, endpoint.mapping).rows
    assert [list(row.values())[:2] for row in rows] == [[31, "basic"], [45, "gold"], [1, "x"]]
    assert len(endpoint.preview) == 3


def test_every_example_of_the_page_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(SNIPPETS) >= 3
    monkeypatch.chdir(folder.parent)
    (path, *_) = folder.rglob("20-30-123.jsonl")
    Path("20-30-123.jsonl").write_bytes(path.read_bytes())
    Path("page.py").write_text("\n".join(SNIPPETS))
    left = runpy.run_path("page.py")
    assert left["scores"] == [0.25, 0.5]
    assert len(left["frame"]) == 3
    assert "2 files, 3 rows" in capsys.readouterr().out
