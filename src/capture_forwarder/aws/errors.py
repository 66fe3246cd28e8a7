"""What an error of AWS or of its client means: the one place that reads error codes.

Sources: "Error responses" in the S3 API reference, "Common error types" in the references of
DynamoDB, SQS, Secrets Manager and Systems Manager, and botocore's own exceptions.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus

import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of a client raises, for `except`. A body that is read may raise `OSError`, too."""

AwsError = ClientError | BotoCoreError | ResponseParserError
"""The same, as a type."""

UNKNOWN_PROFILE = ProfileNotFound
"""What a session raises of a profile that is not configured."""

UNKNOWN_REGION = NoRegionError
"""What making a client raises where nothing names a region."""

NO_CREDENTIALS = NoCredentialsError
"""What a client raises where no credentials are found."""

EXPIRED_LOGIN = (SSOError, TokenRetrievalError)
"""What a client raises where `aws sso login` has not been run, or too long ago."""

_BUSY = frozenset(
    {
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeTooSkewed",
        "RequestTimeout",
    }
)
_THROTTLED = ("Throttl", "SlowDown")  # in names such as KMS.ThrottlingException
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
_MISSING = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchVersion",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


_PROFILES = "`aws configure list-profiles` lists the profiles that there are."
_NO_LOGIN = (
    "Log in by `aws sso login` or `aws configure`, or name a profile by AWS_PROFILE or keys by "
    f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. {_PROFILES}"
)
_LOGIN_AGAIN = "Log in again: `aws sso login`, with --profile where AWS_PROFILE names one."
_NOT_ACCEPTED = (
    "Log in again by `aws sso login`, renew the keys in AWS_ACCESS_KEY_ID and its like, or name "
    "another profile by AWS_PROFILE."
)
_NO_PROFILE = f"Set AWS_PROFILE to another name, or unset it. {_PROFILES}"
_NO_REGION = "Set AWS_REGION, or the profile's region: `aws configure set region REGION`."


class Cause(Enum):
    """Why a call failed, as far as it matters to what happens next."""

    TEMPORARY = auto()
    """AWS is busy or cannot be reached; the same call may work later."""
    CREDENTIALS = auto()
    """There are no credentials, or AWS does not accept them."""
    MISSING = auto()
    """What the call names does not exist."""
    INVALID = auto()
    """The call itself is wrong; it was not sent."""
    REFUSED = auto()
    """Anything else that AWS answers, such as a missing permission."""


class AwsFailure(msgspec.Struct, frozen=True):
    """An error of AWS, read.

    Parameters
    ----------
    code
        AWS's code for the error; without an answer, the name of the client's error.
    cause
        Why the call failed.
    sentence
        What happened, to stand behind a colon. It holds no text of AWS's, which may quote data.
    login
        What a person can do about credentials, profile or region; empty where they are not what
        is wrong.
    """

    code: str
    cause: Cause
    sentence: str
    login: str = ""

    @property
    def permanent(self) -> bool:
        """Whether the same call, with nothing changed, is sure to fail again."""
        return self.cause in {Cause.MISSING, Cause.INVALID}


def read_error(error: ClientError | BotoCoreError | ResponseParserError | OSError) -> AwsFailure:
    """Find out what an error means.

    Parameters
    ----------
    error
        One of `AWS_ERRORS`, or what reading a body raised.
    """
    if isinstance(error, ClientError):
        return _answered(error)
    name = type(error).__name__
    cause, says, login = Cause.TEMPORARY, "the connection to AWS failed", ""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        cause, says, login = Cause.CREDENTIALS, "there are no AWS credentials", _NO_LOGIN
    elif isinstance(error, EXPIRED_LOGIN):
        cause, says, login = Cause.CREDENTIALS, "the AWS login has expired", _LOGIN_AGAIN
    elif isinstance(error, ProfileNotFound):
        cause, says = Cause.CREDENTIALS, "the AWS profile is not configured"
        login = _NO_PROFILE
    elif isinstance(error, NoRegionError):
        says, login = "no AWS region is set", _NO_REGION
    elif isinstance(error, CredentialRetrievalError):
        says, login = "the AWS credentials cannot be read", _LOGIN_AGAIN
    elif isinstance(error, ParamValidationError):
        cause, says = Cause.INVALID, "the call is not valid"
    elif isinstance(error, ResponseParserError):
        says = "something other than AWS answered"
    elif not isinstance(
        error, HTTPClientError | IncompleteReadError | ResponseStreamingError | OSError
    ):
        says = "the AWS client failed"
    return AwsFailure(name, cause, f"{says} ({name})", login)


def in_sentence(advice: str) -> str:
    """Write advice so that it can stand within a sentence."""
    return f"{advice[:1].lower()}{advice[1:].removesuffix('.')}"


def words_of(error: AwsError) -> str:
    """AWS's own text, which may quote data; empty without an answer.

    Parameters
    ----------
    error
        What a call raised.
    """
    answer = error.response if isinstance(error, ClientError) else {}
    return str(answer.get("Error", {}).get("Message", "")).strip()


def _answered(error: ClientError) -> AwsFailure:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    cause = Cause.REFUSED
    if (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or code in _BUSY
        or any(part in code for part in _THROTTLED)
    ):
        cause = Cause.TEMPORARY
    elif code in _CREDENTIALS:
        cause = Cause.CREDENTIALS
    elif code in _MISSING:
        cause = Cause.MISSING
    login = _NOT_ACCEPTED if cause is Cause.CREDENTIALS else ""
    says = f"AWS answered {code or f'status {status}, without a code'}"
    return AwsFailure(code, cause, says, login)
