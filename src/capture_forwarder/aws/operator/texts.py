"""Texts that the function reads, such as a routes file, written by an operator."""

from __future__ import annotations

from typing import Any

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.errors import AccountError

# What S3 and Systems Manager answer where something is and must not be replaced. Sources:
# PutObject (If-None-Match) and PutParameter (Overwrite) in their API references.
_IS_THERE = frozenset(
    {"ConditionalRequestConflict", "ParameterAlreadyExists", "PreconditionFailed"}
)


def write_text(calls: AwsCalls, address: str, text: str, *, replace: bool) -> bool:
    """Write a text.

    Parameters
    ----------
    calls
        AWS.
    address
        `s3://bucket/key` or `ssm://name`.
    text
        The text; a parameter of more than 4 KB becomes an advanced one.
    replace
        Whether to replace what is there.

    Returns
    -------
    bool
        Whether it is written; if not, something is there already.

    Raises
    ------
    AccountError
        AWS refuses.
    """
    try:
        if address.startswith("ssm://"):
            _parameter(calls, address.removeprefix("ssm://"), text, replace=replace)
        else:
            bucket, _, key = address.removeprefix("s3://").partition("/")
            only_new: dict[str, Any] = {} if replace else {"IfNoneMatch": "*"}
            calls.call("s3", "PutObject", Bucket=bucket, Key=key, Body=text.encode(), **only_new)
    except AccountError as error:
        if error.code in _IS_THERE and not replace:
            return False
        raise
    return True


def _parameter(calls: AwsCalls, name: str, text: str, *, replace: bool) -> None:
    calls.call(
        "ssm",
        "PutParameter",
        Name=name,
        Value=text,
        Type="String",
        Tier="Intelligent-Tiering",
        Overwrite=replace,
    )
