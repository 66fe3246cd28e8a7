"""Texts in S3 or in the Systems Manager parameter store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, in_sentence, read_error
from capture_forwarder.core.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

_MOST_BYTES = 1024 * 1024


def read_s3_text(client: S3Client, address: str) -> str:
    """Read the text at `s3://bucket/key`.

    Raises
    ------
    SettingsError
        It does not exist, may not be read, is too long or is not UTF-8.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")

    def read() -> str:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise SettingsError(
                [f"{address}: cannot be read: it is longer than {_MOST_BYTES} bytes"]
            )
        return body.decode()

    return _checked(address, read, "s3:GetObject")


def read_parameter(client: SSMClient, address: str) -> str:
    """Read the text of the parameter `ssm://name`.

    Raises
    ------
    SettingsError
        It does not exist or may not be read.
    """

    def read() -> str:
        name = address.removeprefix("ssm://")
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"].get("Value", "")

    return _checked(address, read, "ssm:GetParameter")


def _checked(address: str, read: Callable[[], str], permission: str) -> str:
    try:
        return read()
    except (*AWS_ERRORS, OSError) as error:
        failure = read_error(error)
        problem = f"{address}: cannot be read: {failure.sentence}"
        advice = (
            in_sentence(failure.login)
            or f"check the address, and allow the function {permission} on it"
        )
        raise SettingsError([f"{problem}; {advice}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{address}: cannot be read: it is not UTF-8; save it as UTF-8"]
        ) from error
