"""Texts that lie in S3 or in the Systems Manager parameter store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from capture_forwarder.core.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient

_MOST_BYTES = 1024 * 1024


def read_s3_text(client: S3Client, place: str) -> str:
    """Read the text at `s3://bucket/key`.

    Raises
    ------
    SettingsError
        It is not there, may not be read, is too long or is not UTF-8.
    """
    bucket, _, key = place.removeprefix("s3://").partition("/")

    def read() -> str:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise SettingsError([f"{place}: is longer than {_MOST_BYTES} bytes"])
        return body.decode()

    return _checked(place, read, "s3:GetObject")


def read_parameter(client: SSMClient, place: str) -> str:
    """Read the text of the parameter `ssm://name`.

    Raises
    ------
    SettingsError
        It is not there or may not be read.
    """

    def read() -> str:
        name = place.removeprefix("ssm://")
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"].get("Value", "")

    return _checked(place, read, "ssm:GetParameter")


def _checked(place: str, read: Callable[[], str], permission: str) -> str:
    try:
        return read()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        problem = f"{place}: cannot be read, AWS says {code}; allow the function {permission} there"
        raise SettingsError([problem]) from error
    except BotoCoreError as error:
        raise SettingsError([f"{place}: cannot be read: {type(error).__name__}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{place}: is not UTF-8"]) from error
