"""Routes and where captures are → what `sam deploy` has to know, and where the routes file goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import AccountError, UsageError
from capture_forwarder.inspection.drafting.captures import Captures
from capture_forwarder.settings import RouteSettings
from capture_forwarder.setup.sam.parameters import (
    QUICK_START,
    capture_prefix,
    parameters_of,
    why_only_local,
)
from capture_forwarder.setup.sam.sam_config import (
    SamConfig,
    SamSettings,
    change_sam_config,
    overrides_in,
    stack_in,
)
from capture_forwarder.setup.sam.template import TemplateParameter, problems_with
from capture_forwarder.wiring.init import find_keys, find_where

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls

_ADDRESS = re.compile(r"s3://[^/]+/.+|ssm://.+")
_STACK = "capture-forwarder"
_MOST_BYTES = 4096  # of a standard parameter; source: PutParameter in the Systems Manager API


@dataclass(frozen=True)
class Wishes:
    """What a person has settled of the deployment; the rest is found out.

    Parameters
    ----------
    stack, region, profile
        The stack, its region, and the profile to deploy with.
    address
        Where the function reads the routes file.
    parameters
        Further parameters of the template.
    """

    stack: str | None = None
    region: str | None = None
    profile: str | None = None
    address: str | None = None
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True)
class SamPlan:
    """How the routes are deployed.

    Parameters
    ----------
    address
        Where the function reads the routes file; None if nothing is deployed.
    settings
        What `sam deploy` has to know.
    config
        The changed samconfig.toml; None if nothing is deployed.
    notes
        What could not be found out, and what keeps it from being deployed.
    """

    address: str | None
    settings: SamSettings
    config: SamConfig | None
    notes: tuple[str, ...]


def plan_deployment(  # noqa: PLR0913 - what there is, what is wished, and how to ask
    captures: Captures,
    routes: Sequence[RouteSettings],
    text: str,
    *,
    wishes: Wishes,
    config: str,
    template: Mapping[str, TemplateParameter] | None,
    account: Callable[[], AwsCalls],
) -> SamPlan:
    """Find out what the template has to be told.

    Parameters
    ----------
    captures
        The capture files.
    routes, text
        The routes file.
    wishes
        What is settled.
    config
        The text of samconfig.toml; empty if there is none.
    template
        The template's parameters; None if it is not at hand.
    account
        Opens AWS.

    Raises
    ------
    UsageError
        The template does not take what it would be told.
    """
    given = dict(wishes.parameters or {})
    bucket = given.get("CaptureBucket") or captures.bucket
    if reason := why_only_local(routes):
        return _none(f"Nothing is to be deployed: {reason}.")
    if bucket is None:
        return _none(
            "samconfig.toml is left as it is, since nobody knows the capture bucket. Name it by "
            "--parameter CaptureBucket=NAME, and --parameter CapturePrefix=PREFIX."
        )
    notes: list[str] = []
    region, keys = wishes.region, list[str]()
    if captures.bucket is not None:
        region, keys = _of_bucket(captures, wishes.region, account(), notes)
    stack = wishes.stack or stack_in(config) or _STACK
    address = wishes.address or _address(stack, bucket, text)
    if not _ADDRESS.fullmatch(address):
        problem = f"The function cannot read the routes from {address}."
        raise UsageError(problem, "Write --routes-file as s3://bucket/key or ssm:///name.")
    prefix = capture_prefix(captures.base, captures.files) if captures.bucket is not None else ""
    parameters = {
        "CaptureBucket": bucket,
        "CapturePrefix": prefix,
        "CaptureKmsKeyArn": ",".join(keys),
        "RoutesFile": address,
        **parameters_of(routes, lambda: find_where(account(), region)),
        **dict.fromkeys(QUICK_START, ""),
        **given,
    }
    known = overrides_in(config)
    parameters = {
        name: value for name, value in parameters.items() if value or name in known or name in given
    }
    if template is not None:
        _check(parameters, template)
    options = {"stack_name": stack, "region": region, "profile": wishes.profile}
    settings = SamSettings(parameters, {name: value for name, value in options.items() if value})
    return SamPlan(address, settings, change_sam_config(config, settings), tuple(notes))


def replacing(path: Path, before: str | None, after: str) -> list[str]:
    """Say that a file would be replaced; nothing if it is new, or says the same."""
    return [] if before in {None, after} else [f"{path} is there already."]


def overriding(path: Path, plan: SamPlan, wishes: Wishes) -> list[str]:
    """Say which settings of samconfig.toml would change without having been asked for by name."""
    named = {
        *(wishes.parameters or {}),
        *(["RoutesFile"] if wishes.address else []),
        *(["stack_name"] if wishes.stack else []),
        *(["region"] if wishes.region else []),
        *(["profile"] if wishes.profile else []),
    }
    new = {**plan.settings.parameters, **plan.settings.options}
    return [
        f"{path} has {name}={old}, which would become {new[name] or 'empty'}."
        for name, old in (plan.config.replaced if plan.config else {}).items()
        if name not in named
    ]


def _none(note: str) -> SamPlan:
    return SamPlan(None, SamSettings({}, {}), None, (note,))


def _of_bucket(
    captures: Captures, wished: str | None, calls: AwsCalls, notes: list[str]
) -> tuple[str | None, list[str]]:
    """The region of the capture bucket, which the stack must be in, and the keys of its files."""
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415

    region, keys = wished, list[str]()
    try:
        region = S3Buckets(calls).region(captures.bucket or "")
    except AccountError as error:
        notes.append(f"The region of {captures.bucket} is not known: {error}")
    if wished is not None and region != wished:
        problem = f"{captures.bucket} is in {region}, and so the stack must be."
        raise UsageError(problem, f"Give --region {region}, or leave it out.")
    try:
        keys = find_keys(captures, calls)
    except AccountError as error:
        notes.append(f"Whether a KMS key encrypts the captures is not known: {error}")
    return region, keys


def _address(stack: str, bucket: str, text: str) -> str:
    if len(text.encode()) <= _MOST_BYTES:
        return f"ssm:///{stack}/routes"
    return f"s3://{bucket}/{stack}/routes.yaml"


def _check(parameters: Mapping[str, str], template: Mapping[str, TemplateParameter]) -> None:
    if problems := list(problems_with(parameters, template)):
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise UsageError(
            f"The template does not take these parameters:\n{listed}",
            "Give another value by --parameter NAME=VALUE.",
        )
