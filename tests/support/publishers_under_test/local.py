"""DuckDB, and files in a folder and in S3, under test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Self

from capture_forwarder.settings import ONLY_ROUTE, PublisherName
from tests.support.fault_matrix.aws import (
    Answer,
    aws_client,
    aws_error,
    lost_answer,
    no_answer,
)
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import Cause, PublisherUnderTest
from tests.support.row_files import read_rows

ROWS_BUCKET = "rows-bucket"


class DuckDb(PublisherUnderTest):
    """A database file, whose place may be taken by something that is none."""

    table: ClassVar[str] = ONLY_ROUTE
    name = PublisherName.DUCKDB
    replaces = True
    unavailable: ClassVar[Mapping[str, Cause]] = {
        "no database": lambda here: here.path.write_bytes(b"this is no database" * 100)
    }

    @property
    def path(self) -> Path:
        return self.folder / "rows.duckdb"

    def own_variables(self, url: str) -> dict[str, str]:
        del url
        return {"FORWARDER_DUCKDB_PATH": str(self.path)}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        if not self.path.exists():
            return []
        import duckdb  # noqa: PLC0415 - it complains at the end of a run that did not need it

        with duckdb.connect(str(self.path)) as connection:
            found = connection.execute(f'SELECT * FROM "{self.table}"')  # noqa: S608 - our own
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
        return [(row["inference_id"], row) for row in rows]

    @property
    def tries(self) -> int:
        return 0

    def mend(self) -> None:
        self.path.unlink()


class FolderOfFiles(PublisherUnderTest):
    """Files in a folder, whose place may be taken by a file."""

    name = PublisherName.FILES
    replaces = True
    misconfigured: ClassVar[Mapping[str, Cause]] = {
        "no folder": lambda here: here.place.write_bytes(b"this is a file")
    }

    @property
    def place(self) -> Path:
        return self.folder / "rows"

    form: ClassVar[str] = "json-lines"

    def own_variables(self, url: str) -> dict[str, str]:
        del url
        return {"FORWARDER_FILES": str(self.place), "FORWARDER_FILES_FORMAT": self.form}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        found = [path for path in sorted(self.place.rglob("*")) if path.is_file()]
        return _rows((path.name, path.read_bytes()) for path in found)

    @property
    def tries(self) -> int:
        return 0

    def mend(self) -> None:
        self.place.unlink()


class FolderOfArrays(FolderOfFiles):
    """Files in a folder, each one JSON document."""

    form = "json-array"


class FolderOfParquet(FolderOfFiles):
    """Files in a folder, as Parquet."""

    form = "parquet"


def _s3(answer: Answer) -> Cause:
    return lambda here: here.aws.add("PutObject", answer, range(1, 1000), in_rows_bucket)


S3_OUTPUT_FAULTS: dict[str, Answer] = {
    "500": aws_error(500, "InternalError"),
    "503": aws_error(503, "SlowDown"),
    "no answer": no_answer,
    "answer lost, stored": lost_answer,
}
"""What S3 may do with a file that passes."""


class S3OfFiles(PublisherUnderTest):
    """Files in S3."""

    form: ClassVar[str] = "json-lines"
    name = PublisherName.FILES
    replaces = True
    unavailable: ClassVar[Mapping[str, Cause]] = {
        name: _s3(answer) for name, answer in S3_OUTPUT_FAULTS.items()
    }
    credentials_refused: ClassVar[Mapping[str, Cause]] = {
        code: _s3(aws_error(403, code)) for code in ("InvalidAccessKeyId", "ExpiredToken")
    }
    misconfigured: ClassVar[Mapping[str, Cause]] = {
        "403": _s3(aws_error(403, "AccessDenied")),
        "404": _s3(aws_error(404, "NoSuchBucket")),
    }

    def __enter__(self) -> Self:
        aws_client("s3").create_bucket(Bucket=ROWS_BUCKET)
        return self

    def own_variables(self, url: str) -> dict[str, str]:
        del url
        return {
            "FORWARDER_FILES": f"s3://{ROWS_BUCKET}/rows",
            "FORWARDER_FILES_FORMAT": self.form,
        }

    @property
    def stored(self) -> list[tuple[str, Row]]:
        s3 = aws_client("s3")
        listing = s3.list_objects_v2(Bucket=ROWS_BUCKET).get("Contents", [])
        return _rows(
            (o["Key"], s3.get_object(Bucket=ROWS_BUCKET, Key=o["Key"])["Body"].read())
            for o in listing
        )

    @property
    def tries(self) -> int:
        return self.aws.calls["PutObject"]

    def mend(self) -> None:
        self.aws.clear()


class S3OfArrays(S3OfFiles):
    """Files in S3, each one JSON document."""

    form = "json-array"


def in_rows_bucket(url: str) -> bool:
    """Whether a request to S3 is for the files with rows."""
    return ROWS_BUCKET in url


def _rows(files: Iterable[tuple[str, bytes]]) -> list[tuple[str, Row]]:
    rows = [row for name, data in files for row in read_rows(name, data)]
    return [(str(row["inference_id"]), row) for row in rows]
