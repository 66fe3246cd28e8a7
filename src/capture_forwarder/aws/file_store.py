"""Files in S3 by their addresses; see the port."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, Cause, read_error
from capture_forwarder.core.errors import FileStoreError
from capture_forwarder.core.ports import ListedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 1024 * 1024
_CONTENT_TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8"}


class S3FileStore:
    """Files at `s3://bucket/key`.

    Parameters
    ----------
    client
        An S3 client.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def folders(self, folder: str) -> Sequence[str]:
        """The folders directly in a folder; see `FileStore.folders`."""
        bucket, prefix = _split(f"{folder}/")
        with _explaining(folder, "listed", "s3:ListBucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix, Delimiter="/"
            )
            return [
                f"s3://{bucket}/{one['Prefix'].removesuffix('/')}"
                for page in pages
                for one in page.get("CommonPrefixes", [])
            ]

    def files(self, folder: str) -> Iterator[ListedFile]:
        """The files below a folder; see `FileStore.files`."""
        bucket, prefix = _split(f"{folder}/")
        with _explaining(folder, "listed", "s3:ListBucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix
            )
            for page in pages:
                for one in page.get("Contents", []):
                    yield ListedFile(f"s3://{bucket}/{one['Key']}", one["Size"])

    def read(self, address: str) -> bytes:
        """The content of a file; see `FileStore.read`."""
        bucket, key = _split(address)
        with _explaining(address, "read", "s3:GetObject"):
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def copy(self, address: str, path: Path) -> None:
        """Copy a file to a path; see `FileStore.copy`."""
        bucket, key = _split(address)
        with _explaining(address, "read", "s3:GetObject"):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
            # botocore checks the length when the body ends, so that a cut copy is an error.
            with path.open("wb") as file:
                shutil.copyfileobj(body, file, _AT_ONCE)

    def write(self, address: str, data: bytes) -> None:
        """Write a file; see `FileStore.write`."""
        bucket, key = _split(address)
        kind = _CONTENT_TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")
        with _explaining(address, "written", "s3:PutObject"):
            self._client.put_object(Bucket=bucket, Key=key, Body=data, ContentType=kind)


def _split(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


@contextmanager
def _explaining(address: str, what: str, permission: str) -> Iterator[None]:
    try:
        yield
    except (*AWS_ERRORS, OSError) as error:
        failure = read_error(error)
        message = f"{address} cannot be {what}: {failure.sentence}."
        if failure.login:
            raise FileStoreError(message, failure.login) from error
        if failure.cause is Cause.TEMPORARY:
            raise FileStoreError(message, "It is tried again.") from error
        advice = (
            f"Check the bucket's name, and allow {permission} on it; where files are encrypted "
            "with a KMS key of yours, allow that key, too."
        )
        raise FileStoreError(message, advice) from error
