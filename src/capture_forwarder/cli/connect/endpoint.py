"""`capture-forwarder connect endpoint`: have a running endpoint capture its calls."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder.cli.connect.endpoint_view import (
    show_endpoint_changed,
    show_endpoint_plan,
    show_undo_plan,
    show_undone,
    waiting,
)
from capture_forwarder.cli.terminal.account import STACK, Apply, AsJson, Profile, Region, Stack
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.setup.capture_settings import ContentTypes, Wishes
from capture_forwarder.setup.endpoint import plan_capture, turn_on
from capture_forwarder.setup.endpoint_undo import plan_undo, undo_capture
from capture_forwarder.setup.endpoint_update import Watch
from capture_forwarder.wiring.endpoints import build_clock, build_wishes, open_configs
from capture_forwarder.wiring.operator import open_account, read_undo, undo_writer

HELP = """Turn on Data Capture of a running endpoint: all calls, both sides, with content types.

Shows what would change; `--apply` does it. A new configuration is made that holds everything of
the old one, and the endpoint is updated to it, with its instance counts, weights and deployment
settings kept. The old configuration stays, and an undo file says how to go back to it. While the
endpoint is updated, a second fleet of the same size runs; calls go on.

The command waits, and tells a rollback from a success. Broken off, run it again: it goes on.

Examples:

- `capture-forwarder connect endpoint churn --destination s3://my-captures/datacapture`

- `capture-forwarder connect endpoint churn --destination s3://my-captures/datacapture --apply`

- `capture-forwarder connect endpoint --undo capture-forwarder-undo-churn-....json --apply`

Exit code: 0 when it is done, or shown without `--apply`; 1 when AWS refused, the update was rolled
back, or another program changed the endpoint meanwhile; 2 for wrong usage, and for endpoints that
cannot capture or that a stack or Terraform manages; 130 when interrupted.
"""


def endpoint(  # noqa: PLR0913 - one parameter an option
    name: Annotated[
        str | None,
        typer.Argument(metavar="ENDPOINT", help="The endpoint's name.", show_default=False),
    ] = None,
    *,
    apply: Apply = False,
    destination: Annotated[
        str | None,
        typer.Option(
            "--destination",
            metavar="ADDRESS",
            help="Where the captures go: s3://BUCKET/PREFIX.",
            show_default="where they go now, else the stack's bucket",
        ),
    ] = None,
    csv_type: Annotated[
        list[str] | None,
        typer.Option(
            "--csv-type",
            metavar="TYPE",
            help="A content type to capture as CSV; may be repeated.",
            show_default="text/csv",
        ),
    ] = None,
    json_type: Annotated[
        list[str] | None,
        typer.Option(
            "--json-type",
            metavar="TYPE",
            help="A content type to capture as JSON; may be repeated.",
            show_default="application/json, application/jsonlines",
        ),
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option("--kms-key", metavar="KEY", help="The KMS key to encrypt captures with."),
    ] = None,
    config_name: Annotated[
        str | None,
        typer.Option(
            "--config-name",
            metavar="NAME",
            help="The new configuration's name.",
            show_default="made from the old one's",
        ),
    ] = None,
    reset_counts: Annotated[
        bool,
        typer.Option(
            "--reset-counts",
            help="Let instance counts and weights fall back to those of the configuration.",
        ),
    ] = False,
    wait: Annotated[
        int,
        typer.Option("--wait", metavar="MINUTES", min=1, help="How long to wait for the update."),
    ] = 60,
    undo: Annotated[
        str | None,
        typer.Option(
            "--undo", metavar="FILE", help="Undo what this undo file is about.", show_default=False
        ),
    ] = None,
    undo_file: Annotated[
        str | None,
        typer.Option(
            "--undo-file",
            metavar="FILE",
            help="Where to keep what was there before.",
            show_default="capture-forwarder-undo-ENDPOINT-TIME.json",
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="Change an endpoint that CloudFormation or Terraform manages, too."
        ),
    ] = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Turn Data Capture of an endpoint on, or go back."""
    with user_errors():
        if (name is None) == (undo is None):
            raise UsageError("Name an endpoint, or an undo file by --undo.")
        if name is None:
            _undo(read_undo(undo or ""), profile, region, wait, apply=apply, as_json=as_json)
            return
        calls = open_account(profile, region)
        configs = open_configs(calls)
        types = ContentTypes(tuple(csv_type or ()), tuple(json_type or ()))
        wishes = build_wishes(
            calls,
            name,
            Wishes(destination, kms_key, types),
            stack=stack,
            config_name=config_name,
            reset_counts=reset_counts,
            anyway=anyway,
        )
        plan = plan_capture(configs, name, wishes)
        if not apply or not plan.changes:
            show_endpoint_plan(plan, as_json=as_json)
            return
        if not as_json:
            show_endpoint_plan(plan, as_json=False, applied=True)
        with waiting(quiet=as_json) as tell:
            changed = turn_on(
                configs,
                build_clock(),
                plan,
                undo_writer(plan.running.name, undo_file),
                Watch(wait * 60.0, tell),
            )
    show_endpoint_changed(plan, changed, as_json=as_json)
    if not changed.capturing:
        raise typer.Exit(1)


def _undo(  # noqa: PLR0913 - one parameter an option
    text: str, profile: str | None, region: str | None, wait: int, *, apply: bool, as_json: bool
) -> None:
    configs = open_configs(open_account(profile, region))
    plan = plan_undo(configs, text)
    if not apply or not plan.changes:
        show_undo_plan(plan, as_json=as_json)
        return
    with waiting(quiet=as_json) as tell:
        done = undo_capture(configs, build_clock(), plan, Watch(wait * 60.0, tell))
    show_undone(plan, done, as_json=as_json)
