"""What lies below a prefix in S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def list_objects(
    make_client: Callable[[], S3Client], bucket: str, prefix: str
) -> Iterator[tuple[CaptureFile, int]]:
    """Yield the objects below a prefix, or the one object that the prefix names in full.

    Parameters
    ----------
    make_client
        Makes an S3 client, which fails by itself where a profile is wrong.
    bucket, prefix
        Where to look. The prefix is taken as a folder: `data` holds `data/x` but not `data2/x`.

    Yields
    ------
    tuple
        An object and its size in bytes; markers of empty folders are left out.

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
                    yield CaptureFile(bucket, found["Key"]), found["Size"]
    except (ClientError, BotoCoreError) as error:
        says = type(error).__name__
        if isinstance(error, ClientError):
            says = error.response.get("Error", {}).get("Code", says)
        message = f"s3://{bucket}/{prefix} cannot be listed: {says}."
        advice = f"Look at the name and your credentials, and allow s3:ListBucket on {bucket}."
        raise CaptureFileError(message, advice) from error


def _named(client: S3Client, bucket: str, key: str) -> Iterator[tuple[CaptureFile, int]]:
    """The object with exactly this key; a key sorts before all that it begins."""
    if key and not key.endswith("/"):
        answer = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        for found in answer.get("Contents", []):
            if found["Key"] == key:
                yield CaptureFile(bucket, key), found["Size"]
