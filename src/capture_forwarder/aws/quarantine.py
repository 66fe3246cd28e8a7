"""Quarantine in S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.quarantine_entry import QuarantineEntry, encode_entries, entry_path

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Quarantine:
    """Keeps rejected lines under `s3://{bucket}/{prefix}/{reason}/`.

    Parameters
    ----------
    client
        An S3 client.
    bucket, prefix
        Where to keep them; the prefix without slashes at its ends.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/")

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Keep the entries; see `Quarantine.put`."""
        key = f"{self._prefix}/{entry_path(capture_file, entries[0])}"
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=encode_entries(entries),
                ContentType="application/x-ndjson",
            )
        except (ClientError, BotoCoreError) as error:
            says = type(error).__name__
            if isinstance(error, ClientError):
                says = error.response.get("Error", {}).get("Code", says)
            message = (
                f"Rejected lines of {capture_file} cannot be kept in s3://{self._bucket}: {says}."
            )
            advice = f"Allow s3:PutObject on s3://{self._bucket}/{self._prefix}/*."
            raise QuarantineError(message, advice) from error

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether the object lies in the quarantine."""
        return capture_file.bucket == self._bucket and capture_file.key.startswith(
            f"{self._prefix}/"
        )
