"""Tokens from Secrets Manager and the Systems Manager parameter store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.aws.errors import AWS_ERRORS, in_sentence, read_error
from capture_forwarder.core.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient


class StoredSecret:
    """A token that is read when it is first needed, and again when a fresh one is asked for.

    Parameters
    ----------
    variable
        The setting that names the secret, for messages.
    read
        Fetches the stored text.
    action
        The IAM action that fetching takes, for messages.
    """

    def __init__(self, variable: str, read: Callable[[], str], action: str) -> None:
        self._variable = variable
        self._read = read
        self._action = action
        self._text: str | None = None

    def value(self, *, fresh: bool = False) -> str:
        """Return the token; see `Secret.value`."""
        if fresh or self._text is None:
            self._text = self._fetch()
        return self._text

    def _fetch(self) -> str:
        try:
            text = self._read().strip()
        except AWS_ERRORS as error:
            failure = read_error(error)
            problem = f"{self._variable}: cannot be read: {failure.sentence}"
            allow = f"check the ARN or name, and allow the function {self._action} on it"
            advice = in_sentence(failure.login) or allow
            raise SettingsError([f"{problem}; {advice}"]) from error
        token = _token_in(text)
        if not token:
            problem = f"{self._variable}: holds neither a token nor a JSON object with one `token`"
            raise SettingsError([problem])
        return token


def secrets_manager_secret(
    variable: str, arn: str, client: Callable[[], SecretsManagerClient]
) -> StoredSecret:
    """Make a secret stored in Secrets Manager; `client` is called at the first read."""
    return StoredSecret(
        variable,
        lambda: client().get_secret_value(SecretId=arn).get("SecretString", ""),
        "secretsmanager:GetSecretValue",
    )


def parameter_secret(variable: str, name: str, client: Callable[[], SSMClient]) -> StoredSecret:
    """Make a secret stored in the parameter store; `client` is called at the first read."""

    def read() -> str:
        answer = client().get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"].get("Value", "")

    return StoredSecret(variable, read, "ssm:GetParameter")


def _token_in(text: str) -> str:
    """Find the token in what is stored.

    Secrets Manager's console stores key/value pairs as a JSON object; of several values the one
    named `token` is meant.
    """
    if not text.startswith("{"):
        return text
    try:
        pairs = msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    token = next(iter(pairs.values())) if len(pairs) == 1 else pairs.get("token")
    return token.strip() if isinstance(token, str) else ""
