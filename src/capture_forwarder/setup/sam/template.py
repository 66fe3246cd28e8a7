"""What a template takes: its parameters, and which values of them it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from capture_forwarder.core.errors import UsageError


@dataclass(frozen=True)
class TemplateParameter:
    """A parameter of a template.

    Parameters
    ----------
    pattern
        What its values must match as a whole; empty for anything.
    allowed
        The only values that it takes, if there are such.
    constraint
        What it says of a value that does not match.
    """

    pattern: str = ""
    allowed: tuple[str, ...] = ()
    constraint: str = ""


class _Loader(yaml.SafeLoader):
    """YAML with the tags of CloudFormation, such as `!Ref`, whose values play no part here."""


def _nothing(loader: _Loader, tag: str, node: yaml.Node) -> None:
    del loader, tag, node


_Loader.add_multi_constructor("!", _nothing)


def read_template(text: str, where: str) -> dict[str, TemplateParameter]:
    """Read the parameters of a CloudFormation template: name → parameter.

    Parameters
    ----------
    text
        The template.
    where
        Its path, for messages.

    Raises
    ------
    UsageError
        The text is not that of a template.
    """
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader, whose further tags are nothing
    except yaml.YAMLError as error:
        raise _no_template(where) from error
    parameters = document.get("Parameters") if isinstance(document, dict) else None
    if not isinstance(parameters, dict):
        raise _no_template(where)
    return {
        str(name): TemplateParameter(
            str(one.get("AllowedPattern", "")),
            tuple(map(str, one.get("AllowedValues", ()))),
            str(one.get("ConstraintDescription", "")),
        )
        for name, one in parameters.items()
        if isinstance(one, dict)
    }


def problems_with(
    values: Mapping[str, str], parameters: Mapping[str, TemplateParameter]
) -> Iterable[str]:
    """Say which values a template refuses, and why.

    Parameters
    ----------
    values
        Parameter → value.
    parameters
        Those of the template.
    """
    for name, value in values.items():
        known = parameters.get(name)
        if known is None:
            yield f"{name}: the template has no such parameter"
        elif known.allowed and value not in known.allowed:
            yield f"{name}={value}: must be one of {', '.join(known.allowed)}"
        elif known.pattern and not re.fullmatch(known.pattern, value):
            yield f"{name}={value}: {known.constraint or f'must match {known.pattern}'}"


def _no_template(where: str) -> UsageError:
    return UsageError(f"{where} is not a template.", "Name the forwarder's template by --template.")
