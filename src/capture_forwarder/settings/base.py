"""What the settings of all publishers have in common, and of those over HTTP."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from capture_forwarder.settings.addresses import is_plain_http

# The annotations of settings are no texts (`from __future__ import annotations`), and this is no
# `Field`: pydantic would evaluate 130 texts and take 60 of these apart, 2 ms of a cold start.
Text = Annotated[str, StringConstraints(min_length=1)]

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})  # what pydantic takes for true
_PLAIN_HTTP = (
    "is http://, which would send the secret and all rows unencrypted; use https://, or set "
    "plain_http to true if the network is to be trusted"
)


class Model(BaseModel):
    """Base of all settings: frozen, complete, and never quoting what it was given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class PublisherSettings(Model):
    """Base of all publishers' settings."""

    secrets: ClassVar[tuple[str, ...]] = ()
    """Fields that hold a secret: given so, or as `{field}_secret_arn` or `{field}_parameter`."""

    may_do_without_secret: ClassVar[bool] = False
    """Whether there are settings that need none."""

    @classmethod
    def needed_secrets(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        """Which secrets are needed, exactly one of the three spellings of each.

        Parameters
        ----------
        given
            The publisher's settings as they were written, right or wrong.
        """
        del given
        return cls.secrets

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Mapping[str, str]:
        """Field → what is wrong with it, seen together with the others."""
        del given
        return {}


class HttpSettings(PublisherSettings):
    """Base of the settings of publishers over HTTP."""

    addresses: ClassVar[tuple[str, ...]] = ()
    """Fields that hold an address to which secrets or rows are sent."""

    ca_file: Text | None = Field(None, description="certificate authorities to trust instead")
    plain_http: bool = Field(False, description="allow http:// to other machines, unencrypted")  # noqa: FBT003
    batch_rows: int | None = Field(None, ge=1, le=100_000, description="the most rows a request")
    batch_bytes: int | None = Field(
        None, ge=1024, le=16 * 1024 * 1024, description="the most bytes a request"
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Mapping[str, str]:
        """Addresses of other machines that are not encrypted, unless that is asked for."""
        if str(given.get("plain_http", "")).lower() in _TRUE:
            return {}
        return {
            name: _PLAIN_HTTP for name in cls.addresses if is_plain_http(str(given.get(name, "")))
        }


def spellings(secret: str) -> tuple[str, str, str]:
    """The three ways to give a secret."""
    return secret, f"{secret}_secret_arn", f"{secret}_parameter"


def missing(model: type[PublisherSettings], name: str) -> str:
    """Say that a setting is missing, and what to set it to."""
    return f"missing; set it to {model.model_fields[name].description}"
