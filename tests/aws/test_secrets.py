"""Tokens in Secrets Manager and the parameter store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from capture_forwarder.aws.clients import secrets_client, ssm_client
from capture_forwarder.aws.secrets import StoredSecret, parameter_secret, secrets_manager_secret
from capture_forwarder.core.errors import SettingsError
from capture_forwarder.local.secrets import FixedSecret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

ARN_VARIABLE = "FIDDLER_TOKEN_SECRET_ARN"
PARAMETER_VARIABLE = "FIDDLER_TOKEN_PARAMETER"
TOKEN = "fid-7hKq2-secret-token"  # noqa: S105


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def manager() -> SecretsManagerClient:
    return secrets_client()


@pytest.fixture
def parameters() -> SSMClient:
    return ssm_client()


def stored_secret(manager: SecretsManagerClient, text: str) -> StoredSecret:
    arn = manager.create_secret(Name="fiddler", SecretString=text)["ARN"]
    return secrets_manager_secret(ARN_VARIABLE, arn, secrets_client)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"{TOKEN}\n",
        f"  {TOKEN} ",
        f'{{"token": "{TOKEN}"}}',
        f'{{"FIDDLER_TOKEN": "{TOKEN}"}}',
        f'{{"user": "ada", "token": "{TOKEN}", "url": "https://example.fiddler.ai"}}',
        f'{{"port": 443, "token": "{TOKEN}"}}',
        f'\n{{"token": " {TOKEN}\\n"}}\n',
    ],
)
def test_a_token_is_read_as_text_or_from_pairs(manager: SecretsManagerClient, text: str) -> None:
    assert stored_secret(manager, text).value() == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "{}",
        '{"token": ""}',
        '{"token": 7}',
        '{"token": null, "other": "x"}',
        '{"token": ["x"]}',
        f'{{"key": "{TOKEN}", "other": "x"}}',
        f'{{"token": "{TOKEN}"',
    ],
)
def test_a_secret_without_one_token_is_a_settings_error(
    manager: SecretsManagerClient, text: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        stored_secret(manager, text).value()

    (problem,) = raised.value.problems
    assert problem.startswith(f"{ARN_VARIABLE}: holds neither a token nor")
    assert TOKEN not in str(raised.value)


def test_a_binary_secret_is_a_settings_error(manager: SecretsManagerClient) -> None:
    arn = manager.create_secret(Name="fiddler", SecretBinary=TOKEN.encode())["ARN"]

    with pytest.raises(SettingsError, match="holds neither a token"):
        secrets_manager_secret(ARN_VARIABLE, arn, secrets_client).value()


@pytest.mark.parametrize("kind", ["SecureString", "String"])
def test_a_parameter_is_read_decrypted(parameters: SSMClient, kind: str) -> None:
    parameters.put_parameter(Name="/fiddler/token", Value=TOKEN, Type=kind)  # type: ignore[arg-type]

    assert parameter_secret(PARAMETER_VARIABLE, "/fiddler/token", ssm_client).value() == TOKEN


def test_a_missing_secret_is_told_by_its_variable() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf"

    with pytest.raises(SettingsError) as raised:
        secrets_manager_secret(ARN_VARIABLE, arn, secrets_client).value()

    (problem,) = raised.value.problems
    assert problem.startswith(
        f"{ARN_VARIABLE}: cannot be read: AWS answered ResourceNotFoundException; check the ARN"
    )


def test_a_missing_parameter_is_told_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=f"{PARAMETER_VARIABLE}: .*ParameterNotFound"):
        parameter_secret(PARAMETER_VARIABLE, "/gone", ssm_client).value()


def test_an_unreachable_service_is_told_by_the_variable() -> None:
    def read() -> str:
        raise EndpointConnectionError(endpoint_url="https://ssm.example")

    with pytest.raises(SettingsError, match=f"{ARN_VARIABLE}: .*EndpointConnectionError"):
        StoredSecret(ARN_VARIABLE, read, "ssm:GetParameter").value()


def test_nothing_is_read_before_the_token_is_needed() -> None:
    def client() -> SecretsManagerClient:
        pytest.fail("a client was made")

    secrets_manager_secret(ARN_VARIABLE, "arn", client)


def test_a_token_is_read_once(manager: SecretsManagerClient) -> None:
    secret = stored_secret(manager, "first")
    assert secret.value() == "first"

    manager.update_secret(SecretId="fiddler", SecretString="second")

    assert secret.value() == "first"


def test_a_fresh_token_is_read_again_and_kept(manager: SecretsManagerClient) -> None:
    secret = stored_secret(manager, "first")
    secret.value()
    manager.update_secret(SecretId="fiddler", SecretString="second")

    assert secret.value(fresh=True) == "second"
    manager.update_secret(SecretId="fiddler", SecretString="third")
    assert secret.value() == "second"


def test_a_fresh_parameter_is_read_again(parameters: SSMClient) -> None:
    parameters.put_parameter(Name="/t", Value="first", Type="SecureString")
    secret = parameter_secret(PARAMETER_VARIABLE, "/t", ssm_client)
    assert secret.value() == "first"

    parameters.put_parameter(Name="/t", Value="second", Type="SecureString", Overwrite=True)

    assert secret.value() == "first"
    assert secret.value(fresh=True) == "second"


def test_a_secret_that_was_missing_is_looked_for_again(parameters: SSMClient) -> None:
    secret = parameter_secret(PARAMETER_VARIABLE, "/late", ssm_client)
    with pytest.raises(SettingsError):
        secret.value()

    parameters.put_parameter(Name="/late", Value=TOKEN, Type="SecureString")

    assert secret.value() == TOKEN


def test_no_secret_shows_its_token(manager: SecretsManagerClient) -> None:
    secret = stored_secret(manager, TOKEN)
    secret.value()

    assert TOKEN not in repr(secret)
    assert TOKEN not in repr(FixedSecret(TOKEN))


def test_a_fixed_token_is_always_the_same() -> None:
    secret = FixedSecret(TOKEN)

    assert secret.value() == secret.value(fresh=True) == TOKEN
