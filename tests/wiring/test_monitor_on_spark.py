"""What is handed to Spark: the addresses of a window's files, and columns found in their lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.cli.monitor import options
from capture_forwarder.core.errors import MissingExtraError, UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.port import EngineName, Row, Typed
from capture_forwarder.monitor.engines.spark import session
from capture_forwarder.wiring.monitor import opened_data
from capture_forwarder.wiring.monitor_on_spark import relation_on_spark
from tests.support.engines import run

ANY = DataChoice(Path())


class Asked:
    """An engine that remembers which files it is to read."""

    bare = Kind.TEXT

    def __init__(self) -> None:
        self.files: Sequence[str] = ()

    def csv(self, files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
        self.files = files
        return f"csv_{len(columns)}_{header}"

    def json_lines(self, files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
        self.files = files
        return f"lines_{len(names)}_{len(kinds)}"

    def parquet(self, files: Sequence[str]) -> Typed:
        self.files = files
        return Typed("parquet", ("a",), (Kind.WHOLE,), "parquet")

    def table(self, address: str, name: str | None) -> Typed:
        return Typed(f"{address}, {name}", ("a",), (Kind.WHOLE,), "table")

    def rows(self, sql: str, parameters: object = None) -> list[Row]:
        raise NotImplementedError

    def in_turn(self, sql: str) -> Iterator[Sequence[Row]]:
        raise NotImplementedError

    def keep(self, name: str, sql: str) -> None:
        raise NotImplementedError

    def keep_first(self, name: str, relation: Relation, most: int) -> None:
        raise NotImplementedError

    def forget(self, name: str) -> None:
        raise NotImplementedError


def put(key: str, *rows: object) -> None:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    data = gzip.compress(body) if key.endswith(".gz") else body
    boto3.client("s3").put_object(Bucket="rows", Key=key, Body=data)


@pytest.fixture
def bucket() -> Iterator[None]:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="rows")
        yield


@pytest.mark.usefixtures("bucket")
def test_spark_reads_the_files_of_a_window_from_s3_itself() -> None:
    for hour in (9, 10, 11):
        for endpoint in ("churn", "fraud"):
            key = f"rows/{endpoint}/AllTraffic/2026/03/01/{hour:02}/b 1.jsonl.gz"
            put(key, {"inference_id": "i", "age": hour}, {"score": 1.5})
    put("rows/churn/AllTraffic/2026/03/01/10/_SUCCESS")
    window = Window(*(datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (10, 12)))
    engine = Asked()

    relation = relation_on_spark(engine, "s3://rows/rows", DataChoice(Path(), window, "churn"))

    assert engine.files == [
        f"s3a://rows/rows/churn/AllTraffic/2026/03/01/{hour}/b 1.jsonl.gz" for hour in (10, 11)
    ]
    assert [column.name for column in relation.columns] == ["age", "score"]
    assert relation.sql == "lines_3_3"


@pytest.mark.usefixtures("bucket")
def test_a_prefix_without_files_of_the_window_has_no_columns() -> None:
    engine = Asked()

    assert relation_on_spark(engine, "s3://rows/none", ANY).columns == ()
    assert engine.files == ()


@pytest.mark.usefixtures("bucket")
def test_capture_files_are_refused_and_not_read_as_rows() -> None:
    put("captures/x.jsonl", {"captureData": {}, "eventMetadata": {}, "eventVersion": "0"})

    with pytest.raises(UsageError, match="holds capture files"):
        relation_on_spark(Asked(), "s3://rows/captures", ANY)


def test_a_table_is_named_by_its_address() -> None:
    assert relation_on_spark(Asked(), "table:shop.rows", ANY).sql == "shop.rows, None"


@pytest.mark.parametrize("missing", ["pyspark", "sqlglot"])
def test_without_spark_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(session, "is_installed", lambda module: module != missing)

    with (
        pytest.raises(MissingExtraError, match=missing) as error,
        opened_data("x.csv", ANY, options.mapping_of({}), EngineName.SPARK),
    ):
        pass

    assert "pip install 'capture-forwarder[spark]'" in str(error.value)


def test_model_quality_says_that_duckdb_measures_it(tmp_path: Path) -> None:
    asked = ("--problem-type", "Regression", "--prediction", "p", "--label", "l")

    code, said = run("quality", tmp_path, *asked, "--engine", "spark")

    assert code == 2
    assert "measured by DuckDB" in said
    assert "Leave --engine out" in said


def test_a_file_is_read_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    engine = Asked()

    relation = relation_on_spark(engine, str(tmp_path / "x.csv"), ANY)

    assert engine.files == [str(tmp_path / "x.csv")]
    assert relation.sql == "csv_2_True"
