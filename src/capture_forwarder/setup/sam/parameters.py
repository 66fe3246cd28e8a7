"""Routes and where captures are → the template's parameters."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.settings import PublisherName, RouteSettings
from capture_forwarder.settings.base import spellings

QUICK_START = (
    *("FiddlerUrl", "FiddlerTokenSecretArn", "FiddlerModelUuid", "FiddlerModelColumns"),
    *("FiddlerModelOutputColumn", "FiddlerTimestampColumn"),
)
"""The parameters of the quick start, which the template refuses beside a routes file."""
_S3 = "s3://"


@dataclass(frozen=True)
class Where:
    """The account and region that the stack is deployed to, as they stand in ARNs."""

    partition: str
    region: str
    account: str


def why_only_local(routes: Sequence[RouteSettings]) -> str:
    """Say why the function cannot use the routes; empty if it can."""
    for route in routes:
        if route.publisher_name is PublisherName.DUCKDB:
            return f"route {route.name} writes to DuckDB, which the function cannot"
        if route.output is not None and not route.output.startswith(_S3):
            return f"route {route.name} writes to a folder, which the function cannot"
    return ""


def parameters_of(routes: Sequence[RouteSettings], where: Callable[[], Where]) -> dict[str, str]:
    """Say what the template has to know of routes, so that the function may do what they ask.

    Parameters
    ----------
    routes
        The routes.
    where
        Finds out the account and region; asked only where an ARN has to be made.

    Raises
    ------
    UsageError
        The template cannot take what the routes need.
    """
    secrets: dict[str, None] = {}
    parameters: dict[str, None] = {}
    apps: dict[str, None] = {}
    for route in routes:
        publisher = route.publisher
        for field in publisher.secrets:
            _, arn, parameter = (getattr(publisher, name) for name in spellings(field))
            if arn:
                secrets[arn] = None
            if parameter:
                parameters[_parameter_arn(parameter, where)] = None
        if app := getattr(publisher, "partner_app_arn", None):
            apps[app] = None
    if len(apps) > 1:
        raise UsageError(
            "The routes go to several partner apps, and the template takes one.",
            "Deploy a stack for each: run `init` for the endpoints of one of them.",
        )
    return {
        "SecretArns": ",".join(secrets),
        "ParameterArns": ",".join(parameters),
        "PartnerAppArn": ",".join(apps),
        "FilesPlace": _files_place([route.output for route in routes if route.output]),
    }


def capture_prefix(prefix: str, found: Sequence[FoundFile]) -> str:
    """How the keys of these capture files begin, and will begin at any other hour.

    Parameters
    ----------
    prefix
        The prefix that was looked at.
    found
        What was found there.
    """
    for file in found:
        key = file.capture_file
        folder = key.folder or key.key.rpartition("/")[0]
        prefix = min(prefix, f"{folder}/" if folder else "", key=len)
    return prefix


def _parameter_arn(name: str, where: Callable[[], Where]) -> str:
    if name.startswith("arn:"):
        return name
    at = where()
    path = name.lstrip("/")
    return f"arn:{at.partition}:ssm:{at.region}:{at.account}:parameter/{path}"


def _files_place(places: Sequence[str]) -> str:
    """What all places of files are below."""
    if not places:
        return ""
    common = os.path.commonpath([place.removeprefix(_S3) for place in places])
    if "/" not in common:
        raise UsageError(
            f"The routes write files to {' and '.join(places)}, and the template takes one prefix.",
            "Choose places below one prefix of one bucket.",
        )
    return f"{_S3}{common}"
