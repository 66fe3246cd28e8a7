"""Files with rows in S3, and what becomes of its errors."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from capture_forwarder.aws.clients import s3_client
from capture_forwarder.aws.parts import S3PartFiles
from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.ports import PartFiles
from capture_forwarder.forwarding.router import is_under
from capture_forwarder.publishers.files.publisher import FilePublisher
from capture_forwarder.settings import load
from capture_forwarder.settings.publishers import FilesSettings
from tests.support.platforms.faults import Answer, Reset
from tests.support.platforms.server import LoopbackServer, Reply, Request
from tests.support.rows import inference_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "rows-bucket"
NAME = "churn/blue/2026/03/01/10/x-0123456789ab-000000000000-000000.jsonl.gz"


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        yield client


def keys(client: S3Client) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


# --- writing -------------------------------------------------------------------------------


def test_a_file_is_under_the_prefix_and_comes_back_to_the_byte(s3: S3Client) -> None:
    data = gzip.compress(b'{"a":1}\n')
    files: PartFiles = S3PartFiles(s3, BUCKET, "rows/today")

    files.put(NAME, data)

    assert keys(s3) == [f"rows/today/{NAME}"]
    held = s3.get_object(Bucket=BUCKET, Key=f"rows/today/{NAME}")
    assert held["Body"].read() == data
    assert held["ContentType"] == "application/gzip"
    assert "ContentEncoding" not in held


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".jsonl.gz", "application/gzip"),
        (".json", "application/json"),
        (".parquet", "application/vnd.apache.parquet"),
        (".else", "application/octet-stream"),
    ],
)
def test_a_file_says_what_it_is(s3: S3Client, suffix: str, kind: str) -> None:
    S3PartFiles(s3, BUCKET, "").put(f"file{suffix}", b"")
    assert s3.get_object(Bucket=BUCKET, Key=f"file{suffix}")["ContentType"] == kind


@pytest.mark.parametrize("prefix", ["rows", "/rows", "rows/", "//rows//"])
def test_slashes_around_the_prefix_do_not_matter(s3: S3Client, prefix: str) -> None:
    S3PartFiles(s3, BUCKET, prefix).put(NAME, b"")
    assert keys(s3) == [f"rows/{NAME}"]


def test_without_a_prefix_the_bucket_is_the_place(s3: S3Client) -> None:
    S3PartFiles(s3, BUCKET, "").put(NAME, b"")
    assert keys(s3) == [NAME]


def test_publishing_again_replaces_the_file(s3: S3Client) -> None:
    batch = Batch.of([inference_of("1", {"a": 1}), inference_of("2", {"a": 2})])

    for _ in range(2):
        FilePublisher(S3PartFiles(s3, BUCKET, "rows"), "captures").publish(batch)

    (key,) = keys(s3)
    body = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert [json.loads(text)["a"] for text in body.splitlines()] == [1, 2]


# --- what is its own -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "key", "own"),
    [
        (BUCKET, f"rows/today/{NAME}", True),
        (BUCKET, "rows/today/x", True),
        (BUCKET, "rows/today-and-tomorrow/x", False),
        (BUCKET, "rows/x", False),
        (BUCKET, "captures/rows/today/x", False),
        ("another-bucket", "rows/today/x", False),
    ],
)
def test_only_what_lies_in_its_place_is_its_own(bucket: str, key: str, *, own: bool) -> None:
    place = f"s3://{BUCKET}/rows/today"
    assert is_under(place, CaptureFile(bucket, key)) is own


@pytest.mark.parametrize("written", ["rows", "rows/", "/rows", "//rows//"])
def test_what_is_put_lies_in_the_place_that_the_settings_name(written: str, s3: S3Client) -> None:
    variables = {
        "FORWARDER_PUBLISHER": "files",
        "FORWARDER_FILES": f"s3://{BUCKET}/{written}",
        "FORWARDER_INPUT_COLUMNS": "a",
    }
    route = load(variables).route
    assert route is not None
    assert isinstance(route.publisher, FilesSettings)
    bucket, _, prefix = route.publisher.place.removeprefix("s3://").partition("/")
    S3PartFiles(s3, bucket, prefix).put(NAME, b"")

    (key,) = keys(s3)
    assert is_under(route.publisher.place, CaptureFile(BUCKET, key))


# --- what goes wrong -----------------------------------------------------------------------

CODES: list[tuple[str, int, type[PublishError], str]] = [
    ("SlowDown", 503, PlatformUnavailableError, "tried again"),
    ("ServiceUnavailable", 503, PlatformUnavailableError, "tried again"),
    ("InternalError", 500, PlatformUnavailableError, "tried again"),
    ("RequestTimeout", 400, PlatformUnavailableError, "tried again"),
    ("RequestTimeTooSkewed", 403, PlatformUnavailableError, "tried again"),
    ("ThrottlingException", 400, PlatformUnavailableError, "tried again"),
    ("KMS.ThrottlingException", 400, PlatformUnavailableError, "tried again"),
    ("OperationAborted", 409, PlatformUnavailableError, "tried again"),
    ("ExpiredToken", 400, CredentialsRefusedError, "aws sso login"),
    ("InvalidAccessKeyId", 403, CredentialsRefusedError, "aws sso login"),
    ("SignatureDoesNotMatch", 403, CredentialsRefusedError, "aws sso login"),
    ("AccessDenied", 403, PublisherMisconfiguredError, r"Allow s3:PutObject on s3://b/q/\*"),
    ("NoSuchBucket", 404, PublisherMisconfiguredError, "FORWARDER_FILES, and its region"),
    ("PermanentRedirect", 301, PublisherMisconfiguredError, "FORWARDER_FILES, and its region"),
    ("KMS.DisabledException", 400, PublisherMisconfiguredError, "KMS key .* FORWARDER_FILES"),
    ("KMS.NotFoundException", 400, PublisherMisconfiguredError, "KMS key .* FORWARDER_FILES"),
    ("MethodNotAllowed", 405, PublisherMisconfiguredError, "FORWARDER_FILES"),
    ("", 418, PublisherMisconfiguredError, "FORWARDER_FILES"),
]


@pytest.mark.parametrize(("code", "status", "kind", "advice"), CODES, ids=[c[0] for c in CODES])
def test_a_refusal_says_whether_it_helps_to_wait(
    code: str, status: int, kind: type[PublishError], advice: str
) -> None:
    client = s3_client()
    with Stubber(client) as stubber:
        stubber.add_client_error(
            "put_object", code, "said with a secret row", http_status_code=status
        )
        with pytest.raises(PublishError, match=advice) as raised:
            S3PartFiles(client, "b", "q").put(NAME, b"secret row")

    assert type(raised.value) is kind
    assert f"cannot be written to s3://b/q/: AWS answered {code}" in raised.value.message
    assert "secret" not in str(raised.value)


def test_a_bucket_that_is_not_there_is_named(s3: S3Client) -> None:
    with pytest.raises(PublisherMisconfiguredError, match="s3://nowhere/"):
        S3PartFiles(s3, "nowhere", "").put(NAME, b"")


def test_a_name_that_no_bucket_has_is_a_wrong_setting() -> None:
    with pytest.raises(PublisherMisconfiguredError, match="FORWARDER_FILES"):
        S3PartFiles(s3_client(), "not a bucket!", "q").put(NAME, b"")


class Silent:
    """A client whose every call ends by an error of botocore."""

    def __init__(self, error: BotoCoreError) -> None:
        self._error = error

    def put_object(self, **_: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoCredentialsError(), CredentialsRefusedError),
        (ReadTimeoutError(endpoint_url="https://s3"), PlatformUnavailableError),
    ],
)
def test_without_an_answer_the_error_says_why(
    error: BotoCoreError, kind: type[PublishError]
) -> None:
    with pytest.raises(kind, match=type(error).__name__):
        S3PartFiles(Silent(error), "b", "q").put(NAME, b"")  # type: ignore[arg-type]


class Loopback(LoopbackServer):
    """An S3 that takes everything."""

    def publishes(self, method: str, path: str) -> bool:
        del path
        return method == "PUT"

    def answer(self, request: Request) -> Reply:
        del request
        return Reply(200, b"", "application/xml")

    def error(self, status: int, message: str) -> Reply:
        del message
        return Reply(status, b"", "application/xml")


@pytest.mark.parametrize("fault", [Reset(stored=False), Answer(b"<html>", "text/html", status=502)])
def test_a_connection_that_fails_is_worth_another_try(fault: Reset | Answer) -> None:
    with Loopback() as server:
        server.fail_when(lambda _: True, fault)
        config = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
        client = boto3.client("s3", endpoint_url=server.url, config=config)
        with pytest.raises(PlatformUnavailableError, match="tried again"):
            S3PartFiles(client, "bucket", "q").put(NAME, b"secret row")
