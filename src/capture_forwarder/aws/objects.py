"""Capture files in S3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.ports import OpenedFile

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef
    from typing_extensions import Buffer

_ADVICE = {
    "NoSuchKey": "It was deleted, or the event names another key than S3 wrote.",
    "NoSuchVersion": "That version was deleted.",
    "NoSuchBucket": "Check the bucket's name in the event.",
    "AccessDenied": (
        "Allow s3:GetObject (and s3:GetObjectVersion on a versioned bucket) on it, and "
        "kms:Decrypt on its key if it is encrypted with KMS. S3 gives the same answer for a file "
        "that does not exist when s3:ListBucket is not allowed."
    ),
}
_AGAIN = "It is tried again on the next delivery."


class S3ObjectStore:
    """Reads capture files as streams, in memory that does not grow with them."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        """Open a capture file; see `ObjectStore.open`."""
        request: GetObjectRequestTypeDef = {"Bucket": capture_file.bucket, "Key": capture_file.key}
        if capture_file.version_id:
            request["VersionId"] = capture_file.version_id
        try:
            answer = self._client.get_object(**request)
        except AWS_ERRORS as error:
            failure = read_error(error)
            message = f"{capture_file} cannot be read: {failure.sentence}."
            advice = _ADVICE.get(failure.code, "" if failure.permanent else _AGAIN)
            advice = failure.login or advice
            raise CaptureFileError(message, advice, permanent=failure.permanent) from error
        # On a bucket without versions S3 names none, or "null".
        version = answer.get("VersionId", "null")
        changed = answer.get("ETag", "").strip('"') or _last_modified(answer)
        revision = changed if version == "null" else version
        with closing(answer["Body"]) as body:
            yield OpenedFile(cast("BinaryIO", _ObjectStream(body, capture_file)), revision)


def _last_modified(answer: GetObjectOutputTypeDef) -> str:
    return answer["ResponseMetadata"]["HTTPHeaders"].get("last-modified", "")


class _ObjectStream(io.RawIOBase):
    """A body whose connection faults are our errors.

    botocore checks the length when the body ends, so a cut connection never looks like the end.
    """

    def __init__(self, body: StreamingBody, capture_file: CaptureFile) -> None:
        super().__init__()
        self._body = body
        self._capture_file = capture_file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        try:
            # The stubs ask for a file here; botocore passes the buffer on to urllib3.
            return int(self._body.readinto(buffer))  # type: ignore[arg-type]
        except (*AWS_ERRORS, OSError) as error:
            message = f"Reading {self._capture_file} broke off: {read_error(error).sentence}."
            raise CaptureFileError(message, _AGAIN) from error
