"""The files below a prefix in S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.found_file import FoundFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def list_objects(
    make_client: Callable[[], S3Client], bucket: str, prefix: str
) -> Iterator[FoundFile]:
    """Yield the files below a prefix, or the one file that the prefix names in full.

    Parameters
    ----------
    make_client
        Makes an S3 client; called here, since it fails where a profile is wrong.
    bucket, prefix
        Where to look. The prefix is taken as a folder: `data` holds `data/x` but not `data2/x`.

    Yields
    ------
    FoundFile
        Known to the user by its address; markers of empty folders are left out.

    Raises
    ------
    CaptureFileError
        The bucket cannot be listed.
    """
    folder = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    try:
        client = make_client()
        yield from _named(client, bucket, prefix)
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):
                    yield _found(bucket, found["Key"], found["Size"])
    except AWS_ERRORS as error:
        failure = read_error(error)
        message = f"s3://{bucket}/{prefix} cannot be listed: {failure.sentence}."
        advice = f"Check the bucket's name, and allow s3:ListBucket on {bucket}."
        raise CaptureFileError(message, failure.login or advice) from error


def _named(client: S3Client, bucket: str, key: str) -> Iterator[FoundFile]:
    """The file with exactly this key; a key sorts before all that it begins."""
    if key and not key.endswith("/"):
        answer = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        for found in answer.get("Contents", []):
            if found["Key"] == key:
                yield _found(bucket, key, found["Size"])


def _found(bucket: str, key: str, size: int) -> FoundFile:
    capture_file = CaptureFile(bucket, key)
    return FoundFile(capture_file, str(capture_file), size)
