"""Parameter overrides as the SAM CLI reads them: `Name=value`, quoted so that all of it arrives.

The SAM CLI ends a value without quotes at the first space and says nothing of the rest. Source of
the grammar: `CfnParameterOverridesType` in the SAM CLI's `samcli/cli/types.py`; a test compares the
two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from capture_forwarder.core.errors import UsageError

_NAME = r"([A-Za-z0-9\"']+)"
_VALUE = r"(\"(?:\\.|[^\"\\]+)*\"|'(?:\\.|[^'\\]+)*'|(?:\\.|[^ \"\\]+)+)"
_LONG = re.compile(rf"(?:ParameterKey={_NAME},ParameterValue={_VALUE})")
_SHORT = re.compile(rf"(?:(?: ){_NAME}={_VALUE})")
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+=-]+")
_ESCAPES = {"\\ ": " ", '\\"': '"', "\\'": "'"}


def write_override(name: str, value: str) -> str:
    """Write a parameter as one override.

    Parameters
    ----------
    name, value
        The parameter of the template, and its value.

    Raises
    ------
    UsageError
        No way of writing the value is read back by the SAM CLI as it is.
    """
    escaped = value.replace('"', '\\"')
    written = f"{name}={value}" if _PLAIN.fullmatch(value) else f'{name}="{escaped}"'
    if read_overrides(written) != {name: value}:
        problem = f"The SAM CLI cannot read the value of {name}."
        advice = "It must not end with a backslash, nor have one before a quote or a space."
        raise UsageError(problem, advice)
    return written


def read_overrides(written: str) -> dict[str, str]:
    """Read what one text overrides: name → value, as the SAM CLI does.

    Parameters
    ----------
    written
        A text of `samconfig.toml`, or one item of a list there.
    """
    text = f" {written.strip()}"
    pairs = _LONG.findall(text) or _SHORT.findall(text)
    return {_unquoted(name): _unquoted(value) for name, value in pairs}


def replaced(written: Iterable[str], changes: dict[str, str]) -> list[str]:
    """Change parameters in a list of overrides; others stay as they are written.

    Parameters
    ----------
    written
        The overrides as they are.
    changes
        Name → new value; what is not there yet comes at the end.

    Raises
    ------
    UsageError
        A value cannot be written.
    """
    left = {name: write_override(name, value) for name, value in changes.items()}
    items: list[str] = []
    for item in written:
        found = read_overrides(item)
        if not found.keys() & changes.keys():
            items.append(item)
            continue
        for name, value in found.items():
            if name not in changes:
                items.append(write_override(name, value))
            elif name in left:
                items.append(left.pop(name))
    return [*items, *left.values()]


def _unquoted(text: str) -> str:
    if text and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    for escape, meant in _ESCAPES.items():
        text = text.replace(escape, meant)
    return text
