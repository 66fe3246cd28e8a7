"""The settings of redaction → a mapping with the key that hashes are made with."""

from __future__ import annotations

from dataclasses import replace

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.ports import Secret
from capture_forwarder.core.redaction import Action
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import Settings

_KEY = "FORWARDER_REDACT_KEY"


def with_redact_key(mapping: ColumnMapping, settings: Settings) -> ColumnMapping:
    """Give a mapping the key that its rules need; it is read when the mapping is compiled.

    Raises
    ------
    SettingsError
        A rule hashes, and the settings have no key.
    """
    if not any(rule.action is Action.HASH for rule in mapping.redact):
        return mapping
    key = _key(settings)
    if key is None:
        problem = (
            f"{_KEY}: missing; set it or {_KEY}_SECRET_ARN or {_KEY}_PARAMETER, since a route "
            "hashes values: without a key, whoever guesses a value could tell its hash"
        )
        raise SettingsError([problem])
    return replace(mapping, redact_key=key)


def _key(settings: Settings) -> Secret | None:
    if settings.redact_key is not None:
        return FixedSecret(settings.redact_key.get_secret_value())
    from capture_forwarder.aws.clients import secrets_client, ssm_client  # noqa: PLC0415
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415
        parameter_secret,
        secrets_manager_secret,
    )

    if arn := settings.redact_key_secret_arn:
        return secrets_manager_secret(f"{_KEY}_SECRET_ARN", arn, secrets_client)
    if name := settings.redact_key_parameter:
        return parameter_secret(f"{_KEY}_PARAMETER", name, ssm_client)
    return None
