"""Files of rows in S3."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, AwsFailure, Cause, read_error
from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BYTES = "application/octet-stream"
_CONTENT_TYPES = {
    ".gz": "application/gzip",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}
_ELSEWHERE = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "InvalidBucketName",
        "NoSuchBucket",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


class S3PartFiles:
    """Files under `s3://{bucket}/{prefix}/`.

    Parameters
    ----------
    client
        An S3 client; may be used by several threads, as botocore's are.
    bucket, prefix
        Where to store them. Slashes at the prefix's ends do not matter; an empty prefix is the
        whole bucket.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        prefix = prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    def put(self, name: str, data: bytes) -> None:
        """Store a file; see `PartFiles.put`.

        Gzip is the file's format here and no encoding of the transfer, so that no client undoes
        it on the way to a reader that expects it.

        Raises
        ------
        PlatformUnavailableError
            S3 is busy or cannot be reached; the file may have been stored.
        CredentialsRefusedError
            There are no AWS credentials, or S3 does not accept them.
        PublisherMisconfiguredError
            The bucket is not there, or the function may not write to it.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=data,
                ContentType=_CONTENT_TYPES.get(PurePosixPath(name).suffix, _BYTES),
            )
        except AWS_ERRORS as error:
            raise self._failed(read_error(error)) from error

    def _failed(self, failure: AwsFailure) -> PublishError:
        address = f"s3://{self._bucket}/{self._prefix}"
        message = f"Rows cannot be written to {address}: {failure.sentence}."
        if failure.cause is Cause.TEMPORARY:
            advice = "It is tried again. If it stays, check the function's network and S3's status."
            return PlatformUnavailableError(message, advice)
        if failure.cause is Cause.CREDENTIALS:
            return CredentialsRefusedError(message, failure.login)
        return PublisherMisconfiguredError(message, self._advice(failure))

    def _advice(self, failure: AwsFailure) -> str:
        if failure.cause is Cause.INVALID or failure.code in _ELSEWHERE:
            return "Check the bucket's name in FORWARDER_FILES, and its region."
        if failure.code.startswith("KMS."):
            return (
                "Check the KMS key of the bucket in FORWARDER_FILES: it must be enabled, and "
                "the function needs kms:GenerateDataKey on it."
            )
        return (
            f"Allow s3:PutObject on s3://{self._bucket}/{self._prefix}*, and kms:GenerateDataKey "
            "on the bucket's key if it is encrypted with KMS; or correct FORWARDER_FILES."
        )
