"""Capture objects and quarantine in S3, and what becomes of its errors."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from capture_forwarder.aws.clients import s3_client
from capture_forwarder.aws.objects import S3ObjectStore
from capture_forwarder.aws.quarantine import S3Quarantine
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError, QuarantineError
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import QuarantineEntry, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser.lines import read_lines
from tests.support.platforms.faults import Answer, Reset, Truncated
from tests.support.platforms.server import LoopbackServer, Reply, Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "capture-bucket"
KEY = "captures/team=a b/ü+1/churn/AllTraffic/2026/03/01/10/20-30-123-a.jsonl"
SOURCE = CaptureFile(BUCKET, KEY)
LIMIT = 1024 * 1024


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        yield client


def lines_of(client: S3Client, source: CaptureFile = SOURCE) -> list[bytes]:
    with S3ObjectStore(client).open(source) as opened:
        return [line.data for line in read_lines(opened.stream, LIMIT)]


# --- reading -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "a//b",
        "/a",
        "a b+c%20",
        "ü/日本",
        "team=x/a.jsonl",
        KEY,
        "x" * 1024,
        "a?b#c&d",
        "a:b@c",
    ],
)
def test_an_object_is_read_by_its_key_as_it_is(s3: S3Client, key: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"first\nsecond")

    assert lines_of(s3, CaptureFile(BUCKET, key)) == [b"first", b"second"]


def test_an_empty_object_has_no_lines(s3: S3Client) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"")

    assert lines_of(s3) == []


def test_a_large_object_comes_whole(s3: S3Client) -> None:
    lines = [b"%07d" % number * 20 for number in range(20_000)]
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"\n".join(lines))

    assert lines_of(s3) == lines


def test_gzip_is_read_whatever_the_object_is_called(s3: S3Client) -> None:
    body = gzip.compress(b"first\n") + gzip.compress(b"second\n")
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=body, ContentEncoding="gzip")

    assert lines_of(s3) == [b"first", b"second"]


def test_the_content_of_a_file_has_a_revision_of_its_own_without_versions_and_with_them(
    s3: S3Client,
) -> None:
    def written(body: bytes) -> str:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)
        with S3ObjectStore(s3).open(SOURCE) as opened:
            return opened.revision

    assert written(b"one") != written(b"two")
    assert written(b"one") == written(b"one")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert written(b"one") != written(b"one"), "a version is another file, whatever it holds"


def test_the_version_that_was_announced_is_read(s3: S3Client) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"old")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"new")

    assert lines_of(s3, CaptureFile(BUCKET, KEY, old)) == [b"old"]
    assert lines_of(s3) == [b"new"]


def test_a_deleted_objects_version_can_still_be_read(s3: S3Client) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"old")["VersionId"]
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert lines_of(s3, CaptureFile(BUCKET, KEY, version)) == [b"old"]
    with pytest.raises(CaptureFileError):
        lines_of(s3)


# --- what goes wrong -----------------------------------------------------------------------


def test_an_object_that_is_not_there_is_named(s3: S3Client) -> None:
    with pytest.raises(
        CaptureFileError, match="It was deleted, or the event names another"
    ) as raised:
        lines_of(s3)

    assert raised.value.message == f"s3://{BUCKET}/{KEY} cannot be read: AWS answered NoSuchKey."
    assert raised.value.permanent


def test_a_bucket_that_is_not_there_is_named(s3: S3Client) -> None:
    with pytest.raises(CaptureFileError, match="Check the bucket's name") as raised:
        lines_of(s3, CaptureFile("another-bucket", KEY))

    assert raised.value.message.startswith(f"s3://another-bucket/{KEY} cannot be read")
    assert raised.value.permanent


@pytest.mark.parametrize(
    ("code", "status", "advice", "permanent"),
    [
        ("NoSuchKey", 404, "It was deleted", True),
        ("NoSuchVersion", 404, "That version was deleted", True),
        ("NoSuchBucket", 404, "bucket's name", True),
        ("AccessDenied", 403, "Allow s3:GetObject", False),
        ("AccessDenied", 403, "kms:Decrypt", False),
        ("SlowDown", 503, "", False),
        ("InternalError", 500, "", False),
        ("InvalidObjectState", 403, "", False),
    ],
)
def test_an_error_of_s3_names_the_object_and_what_to_do(
    code: str, status: int, advice: str, *, permanent: bool
) -> None:
    client = s3_client()
    source = CaptureFile(BUCKET, KEY, "v-1")
    expected = {"Bucket": BUCKET, "Key": KEY, "VersionId": "v-1"}
    with Stubber(client) as stubber:
        stubber.add_client_error("get_object", code, "", status, expected_params=expected)
        with pytest.raises(CaptureFileError) as raised:
            lines_of(client, source)

    assert str(source) in raised.value.message
    assert code in raised.value.message
    assert advice in raised.value.advice
    assert raised.value.permanent is permanent


class OneObject(LoopbackServer):
    """An S3 on the loopback interface that answers every request with one body."""

    def __init__(self, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self._reply = Reply(200, body, "binary/octet-stream", headers or {})

    def publishes(self, method: str, path: str) -> bool:
        del method, path
        return False

    def answer(self, request: Request) -> Reply:
        del request
        return self._reply

    def error(self, status: int, message: str) -> Reply:
        del message
        return Reply(status, b"", "application/xml")


def impatient_client(server: OneObject) -> S3Client:
    config = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client("s3", endpoint_url=server.url, config=config)


def anything(request: Request) -> bool:
    del request
    return True


@pytest.mark.parametrize("size", [10, 1_000, 255 * 1024, 513 * 1024, 3 * 1024 * 1024])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_a_body_cut_short_is_an_error_and_never_looks_like_the_end(
    size: int, *, zipped: bool
) -> None:
    body = (b"x" * 99 + b"\n") * (size // 100 + 1)
    with OneObject(gzip.compress(body) if zipped else body) as server:
        server.fail_when(anything, Truncated())
        with pytest.raises(CaptureFileError, match="broke off") as raised:
            lines_of(impatient_client(server))

    assert str(SOURCE) in raised.value.message
    assert not raised.value.permanent


def test_the_lines_before_the_cut_are_whole() -> None:
    body = b"".join(b"%05d\n" % number for number in range(100_000))
    found: list[bytes] = []
    with OneObject(body) as server:
        server.fail_when(anything, Truncated())
        client = impatient_client(server)
        with S3ObjectStore(client).open(SOURCE) as opened, pytest.raises(CaptureFileError):
            found.extend(line.data for line in read_lines(opened.stream, LIMIT))

    assert found == body.split(b"\n")[: len(found)]


def test_the_same_body_uncut_is_read() -> None:
    with OneObject(b"a\nb\n") as server:
        assert lines_of(impatient_client(server)) == [b"a", b"b"]
        assert server.requests[0].path.startswith(f"/{BUCKET}/captures/")


def test_a_body_that_is_not_what_was_stored_is_an_error() -> None:
    headers = {"x-amz-checksum-crc32": base64.b64encode(b"\0\0\0\0").decode()}
    with OneObject(b"a\nb\n", headers) as server, pytest.raises(CaptureFileError, match="Checksum"):
        lines_of(impatient_client(server))


def test_a_connection_that_is_reset_is_worth_another_try() -> None:
    with OneObject(b"a") as server:
        server.fail_when(anything, Reset(stored=False))
        with pytest.raises(CaptureFileError, match="tried again") as raised:
            lines_of(impatient_client(server))

    assert str(SOURCE) in raised.value.message
    assert not raised.value.permanent


def test_what_a_proxy_answers_in_place_of_s3_is_an_error() -> None:
    with OneObject() as server:
        server.fail_when(anything, Answer(b"<html>no</html>", "text/html", status=403))
        with pytest.raises(CaptureFileError, match="cannot be read"):
            lines_of(impatient_client(server))


def test_the_connection_is_given_back_when_reading_stops_early() -> None:
    client = s3_client()
    body = io.BytesIO(b"a\n" * 1_000_000)
    with Stubber(client) as stubber:
        answer = {"Body": StreamingBody(body, 2_000_000), "ETag": '"etag"'}
        stubber.add_response("get_object", answer, {"Bucket": BUCKET, "Key": KEY})
        with S3ObjectStore(client).open(SOURCE) as opened:
            assert next(read_lines(opened.stream, LIMIT)).data == b"a"
            assert not body.closed

    assert body.closed


# --- quarantine ----------------------------------------------------------------------------

QUARANTINE = "quarantine-bucket"
TIME = "2026-03-01T10:20:30+00:00"


@pytest.fixture
def quarantine(s3: S3Client) -> S3Quarantine:
    s3.create_bucket(Bucket=QUARANTINE)
    return S3Quarantine(s3, QUARANTINE, "rejected/lines")


def entry(data: bytes = b"{", number: int = 3, source: CaptureFile = SOURCE) -> QuarantineEntry:
    rejection = Rejection(Reason.INVALID_JSON, "It is cut off.")
    return make_entry(source, Line(number, 100, data, len(data)), rejection, "default", TIME)


def kept(client: S3Client) -> dict[str, bytes]:
    listing = client.list_objects_v2(Bucket=QUARANTINE).get("Contents", [])
    return {
        one["Key"]: client.get_object(Bucket=QUARANTINE, Key=one["Key"])["Body"].read()
        for one in listing
    }


def raw_line(record: dict[str, Any]) -> bytes:
    text = record["line"]
    return base64.b64decode(text) if record["encoding"] == "base64" else text.encode()


def test_rejected_lines_lie_under_their_reason_and_object(
    s3: S3Client, quarantine: S3Quarantine
) -> None:
    quarantine.put(SOURCE, [entry(number=42), entry(number=43)])

    assert list(kept(s3)) == [
        f"rejected/lines/invalid-json/{BUCKET}/{KEY}/unversioned/default-000000042.jsonl"
    ]


def test_entries_are_json_lines_with_the_raw_line_to_the_byte(
    s3: S3Client, quarantine: S3Quarantine
) -> None:
    lines = [b'{"cut', "ü\u2028\u0085\r".encode(), b"\xff\xfe\x00", b"", b'"\\n"']

    quarantine.put(SOURCE, [entry(line, number) for number, line in enumerate(lines, 1)])

    (body,) = kept(s3).values()
    records = [json.loads(text) for text in body.rstrip(b"\n").split(b"\n")]
    assert [raw_line(record) for record in records] == lines
    assert [record["line_number"] for record in records] == [1, 2, 3, 4, 5]
    assert {(record["bucket"], record["key"]) for record in records} == {(BUCKET, KEY)}
    assert {record["reason"] for record in records} == {"invalid-json"}


def test_putting_the_same_entries_again_changes_nothing(
    s3: S3Client, quarantine: S3Quarantine
) -> None:
    quarantine.put(SOURCE, [entry()])
    before = kept(s3)

    quarantine.put(SOURCE, [entry()])

    assert kept(s3) == before
    assert len(before) == 1


def test_objects_and_versions_do_not_overwrite_each_other(
    s3: S3Client, quarantine: S3Quarantine
) -> None:
    keys = ["a/b", "a//b", "/a/b", "a/b/", "a b", "a+b"]
    sources = [CaptureFile(BUCKET, key, version) for key in keys for version in (None, "v-1")]

    for source in sources:
        quarantine.put(source, [entry(source=source)])

    found = [json.loads(body) for body in kept(s3).values()]
    assert {(one["key"], one["version_id"]) for one in found} == {
        (source.key, source.version_id) for source in sources
    }


@pytest.mark.parametrize("key", ["x" * 1024, "ü" * 512])
def test_a_long_key_is_kept_within_the_limit_of_s3(
    s3: S3Client, quarantine: S3Quarantine, key: str
) -> None:
    source = CaptureFile(BUCKET, key, "v" * 32)

    quarantine.put(source, [entry(source=source)])

    ((name, body),) = kept(s3).items()
    assert len(name.encode()) <= 1024
    assert key[:50] not in name
    assert json.loads(body)["key"] == key


@pytest.mark.parametrize(
    ("bucket", "key", "held"),
    [
        (QUARANTINE, "rejected/lines/invalid-json/b/k/unversioned/default-000000001.jsonl", True),
        (QUARANTINE, "rejected/lines/x", True),
        (QUARANTINE, "rejected/lines-of-others/x", False),
        (QUARANTINE, "rejected/other", False),
        (QUARANTINE, "captures/rejected/lines/x", False),
        (BUCKET, "rejected/lines/x", False),
    ],
)
def test_only_what_lies_in_it_is_held(
    quarantine: S3Quarantine, bucket: str, key: str, *, held: bool
) -> None:
    assert quarantine.holds(CaptureFile(bucket, key)) is held


def test_it_holds_what_it_puts(s3: S3Client, quarantine: S3Quarantine) -> None:
    quarantine.put(SOURCE, [entry()])

    assert all(quarantine.holds(CaptureFile(QUARANTINE, key)) for key in kept(s3))


@pytest.mark.parametrize("prefix", ["q", "/q", "q/", "/q/"])
def test_slashes_around_the_prefix_do_not_matter(s3: S3Client, prefix: str) -> None:
    s3.create_bucket(Bucket=QUARANTINE)
    quarantine = S3Quarantine(s3, QUARANTINE, prefix)

    quarantine.put(SOURCE, [entry()])

    (key,) = kept(s3)
    assert key.startswith("q/invalid-json/")
    assert quarantine.holds(CaptureFile(QUARANTINE, key))


def test_a_bucket_that_is_not_there_is_an_error(s3: S3Client) -> None:
    with pytest.raises(QuarantineError, match="NoSuchBucket") as raised:
        S3Quarantine(s3, "nowhere", "q").put(SOURCE, [entry(b"secret row")])

    assert str(SOURCE) in raised.value.message
    assert "s3://nowhere" in raised.value.message
    assert "secret row" not in str(raised.value)


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException", "SlowDown"])
def test_a_refusal_is_an_error_that_says_what_to_allow(code: str) -> None:
    client = s3_client()
    with Stubber(client) as stubber:
        stubber.add_client_error("put_object", code)
        with pytest.raises(QuarantineError, match=r"allow s3:PutObject on s3://b/q/\*") as raised:
            S3Quarantine(client, "b", "q").put(SOURCE, [entry()])

    assert code in raised.value.message


def test_an_unreachable_s3_is_an_error() -> None:
    with OneObject() as server:
        server.fail_when(anything, Reset(stored=False))
        client = impatient_client(server)
        with pytest.raises(QuarantineError, match="cannot be written"):
            S3Quarantine(client, "b", "q").put(SOURCE, [entry()])
