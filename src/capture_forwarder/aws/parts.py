"""Files with rows in S3."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONTENT_TYPE = "application/gzip"
# What S3 says with a status that does not show that it is worth another try.
_BUSY = frozenset({"OperationAborted", "RequestTimeTooSkewed", "RequestTimeout"})
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
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
_SIGN_IN = "Give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID."


class S3PartFiles:
    """Files under `s3://{bucket}/{prefix}/`.

    Parameters
    ----------
    client
        An S3 client; may be used by several threads, as botocore's are.
    bucket, prefix
        Where to keep them. Slashes at the prefix's ends do not matter; an empty one is the whole
        bucket.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        prefix = prefix.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    def put(self, name: str, data: bytes) -> None:
        """Store a file, in place of one of that name.

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
                ContentType=_CONTENT_TYPE,
            )
        except ClientError as error:
            raise self._refused(error) from error
        except BotoCoreError as error:
            raise self._failed(error) from error

    def _refused(self, error: ClientError) -> PublishError:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = f"Rows cannot be written to s3://{self._bucket}/{self._prefix}: S3 says {code}."
        server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if server_error or code in _BUSY or "Throttl" in code or "SlowDown" in code:
            return PlatformUnavailableError(message, "It is tried again.")
        if code in _CREDENTIALS:
            return CredentialsRefusedError(message, _SIGN_IN)
        return PublisherMisconfiguredError(message, self._advice(code))

    def _advice(self, code: str) -> str:
        if code in _ELSEWHERE:
            return "Look at the bucket's name in FORWARDER_FILES, and at its region."
        if code.startswith("KMS."):
            return (
                "Look at the KMS key of the bucket in FORWARDER_FILES: it must be enabled, and "
                "the function needs kms:GenerateDataKey on it."
            )
        return (
            f"Allow s3:PutObject on s3://{self._bucket}/{self._prefix}*, and kms:GenerateDataKey "
            "on the bucket's key if it is encrypted with KMS; or correct FORWARDER_FILES."
        )

    def _failed(self, error: BotoCoreError) -> PublishError:
        place = f"s3://{self._bucket}/{self._prefix}"
        message = f"Rows cannot be written to {place}: {type(error).__name__}."
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return CredentialsRefusedError(message, _SIGN_IN)
        if isinstance(error, ParamValidationError):
            return PublisherMisconfiguredError(message, self._advice("InvalidBucketName"))
        advice = "It is tried again. Look at the function's way to S3 if it stays."
        return PlatformUnavailableError(message, advice)
