"""What an error of AWS means: why it happened, and whether it is sure to happen again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from capture_forwarder import aws
from capture_forwarder.aws.errors import Cause, read_error

URL = "https://s3.example"
ROW = "a secret row"


def answered(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": ROW},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "PutObject",
    )


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        ("InternalError", 500, Cause.TEMPORARY),
        ("SlowDown", 503, Cause.TEMPORARY),
        ("RequestTimeout", 400, Cause.TEMPORARY),
        ("KMS.ThrottlingException", 400, Cause.TEMPORARY),
        ("ProvisionedThroughputExceededException", 400, Cause.TEMPORARY),
        ("ExpiredToken", 400, Cause.CREDENTIALS),
        ("SignatureDoesNotMatch", 403, Cause.CREDENTIALS),
        ("UnrecognizedClientException", 400, Cause.CREDENTIALS),
        ("NoSuchKey", 404, Cause.MISSING),
        ("NoSuchVersion", 404, Cause.MISSING),
        ("NoSuchBucket", 404, Cause.MISSING),
        ("404", 404, Cause.MISSING),
        ("ResourceNotFoundException", 400, Cause.MISSING),
        ("ParameterNotFound", 400, Cause.MISSING),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, Cause.MISSING),
        ("AccessDenied", 403, Cause.REFUSED),
        ("KMS.DisabledException", 400, Cause.REFUSED),
        ("PreconditionFailed", 412, Cause.REFUSED),
    ],
)
def test_an_answer_is_read_by_its_code_and_status(code: str, status: int, cause: Cause) -> None:
    failure = read_error(answered(code, status))

    assert (failure.code, failure.cause) == (code, cause)
    assert failure.sentence == f"AWS answered {code}"
    assert failure.permanent is (cause is Cause.MISSING)


def test_an_answer_without_a_code_is_told_by_its_status() -> None:
    assert read_error(answered("", 418)).sentence == "AWS answered status 418, without a code"


def test_an_answer_without_anything_is_an_error_all_the_same() -> None:
    failure = read_error(ClientError({}, "PutObject"))

    assert (failure.code, failure.cause) == ("", Cause.REFUSED)


@pytest.mark.parametrize(
    ("error", "cause", "says"),
    [
        (ReadTimeoutError(endpoint_url=URL), Cause.TEMPORARY, "the connection to AWS failed"),
        (ConnectTimeoutError(endpoint_url=URL), Cause.TEMPORARY, "the connection to AWS failed"),
        (ResponseStreamingError(error="x"), Cause.TEMPORARY, "the connection to AWS failed"),
        (ConnectionResetError(), Cause.TEMPORARY, "the connection to AWS failed"),
        (ResponseParserError(ROW), Cause.TEMPORARY, "something other than AWS answered"),
        (
            CredentialRetrievalError(provider="p", error_msg="e"),
            Cause.TEMPORARY,
            "the AWS credentials cannot be read",
        ),
        (NoRegionError(), Cause.TEMPORARY, "no AWS region is set"),
        (NoCredentialsError(), Cause.CREDENTIALS, "there are no AWS credentials"),
        (
            PartialCredentialsError(provider="p", cred_var="v"),
            Cause.CREDENTIALS,
            "there are no AWS credentials",
        ),
        (ParamValidationError(report=ROW), Cause.INVALID, "the call is not valid"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_without_an_answer_the_clients_error_says_why(
    error: BotoCoreError | ResponseParserError | OSError, cause: Cause, says: str
) -> None:
    failure = read_error(error)

    assert (failure.code, failure.cause) == (type(error).__name__, cause)
    assert failure.sentence == f"{says} ({type(error).__name__})"
    assert failure.permanent is (cause is Cause.INVALID)


@pytest.mark.parametrize(
    "error",
    [answered("AccessDenied"), ResponseParserError(ROW), ParamValidationError(report="")],
)
def test_no_text_of_an_error_is_quoted(
    error: ClientError | BotoCoreError | ResponseParserError,
) -> None:
    assert ROW not in repr(read_error(error))


def test_only_one_module_reads_errors_of_aws() -> None:
    readers = []
    for path in sorted(Path(aws.__path__[0]).rglob("*.py")):
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and node.module == "botocore.exceptions"
            for alias in node.names
        }
        if names:
            readers.append(path.name)

    assert readers == ["errors.py"]
