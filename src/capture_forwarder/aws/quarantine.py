"""Quarantine in S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.quarantine_entry import QuarantineEntry, encode_entries, entry_path

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Quarantine:
    """Stores rejected lines under `s3://{bucket}/{prefix}/{reason}/`.

    Parameters
    ----------
    client
        An S3 client.
    bucket, prefix
        Where to store them. Slashes at the prefix's ends do not matter.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/")

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Store the entries; see `Quarantine.put`."""
        key = f"{self._prefix}/{entry_path(capture_file, entries[0])}"
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=encode_entries(entries),
                ContentType="application/x-ndjson",
            )
        except AWS_ERRORS as error:
            failure = read_error(error)
            message = (
                f"Rejected lines of {capture_file} cannot be written to s3://{self._bucket}: "
                f"{failure.sentence}."
            )
            advice = (
                f"Check FORWARDER_QUARANTINE, and allow s3:PutObject on "
                f"s3://{self._bucket}/{self._prefix}/*."
            )
            raise QuarantineError(message, failure.login or advice) from error

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether the file is part of the quarantine."""
        return capture_file.bucket == self._bucket and capture_file.key.startswith(
            f"{self._prefix}/"
        )
