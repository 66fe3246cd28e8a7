"""`capture-forwarder connect`: have an endpoint's calls captured, and new files announced."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder.cli.connect import endpoint
from capture_forwarder.cli.connect.view import show_changed, show_plan
from capture_forwarder.cli.terminal.account import Apply, AsJson, Profile, Region
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.cli.terminal.plain_help import PlainTyper
from capture_forwarder.core.errors import UsageError
from capture_forwarder.setup.bucket import change, plan_on, plan_undo
from capture_forwarder.wiring.operator import open_account, open_buckets, read_undo, undo_writer

app = PlainTyper(help="Have calls captured, and captures announced.", no_args_is_help=True)
app.command("endpoint", help=endpoint.HELP)(endpoint.endpoint)


_BUCKET_HELP = """Turn on a bucket's notifications to EventBridge, and keep all others.

Shows what would change; `--apply` does it. The notifications as they were are kept in an undo
file first, and the command gives up if they change between reading and writing them. A bucket of
a CloudFormation stack is refused: turn them on in its template.

S3 announces only files that are written from then on, after about five minutes; `backfill` sends
earlier ones.

Examples:

- `capture-forwarder connect bucket my-captures`

- `capture-forwarder connect bucket my-captures --apply`

- `capture-forwarder connect bucket --undo capture-forwarder-undo-my-captures-....json --apply`

Exit code: 0 when it is done, or shown without `--apply`; 1 when AWS refused, or another program
changed the notifications meanwhile; 2 for wrong usage, and for a bucket that a stack manages; 130
when interrupted.
"""


@app.command("bucket", help=_BUCKET_HELP)
def bucket(  # noqa: PLR0913 - one parameter an option
    name: Annotated[
        str | None,
        typer.Argument(metavar="BUCKET", help="The bucket's name.", show_default=False),
    ] = None,
    *,
    apply: Apply = False,
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
            show_default="capture-forwarder-undo-BUCKET-TIME.json",
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Change a bucket of a CloudFormation stack, too.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner",
            metavar="ACCOUNT",
            help="The account that must own the bucket.",
            show_default="your own",
        ),
    ] = None,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Turn a bucket's notifications on or off."""
    with user_errors():
        if (name is None) == (undo is None):
            raise UsageError("Name a bucket, or an undo file by --undo.")
        text = read_undo(undo) if undo is not None else ""
        buckets = open_buckets(open_account(profile, region), owner)
        plan = plan_undo(buckets, text) if name is None else plan_on(buckets, name, managed=anyway)
        if not apply or not plan.changes:
            show_plan(plan, as_json=as_json)
            return
        changed = change(buckets, plan, undo_writer(plan.bucket, undo_file))
    show_changed(plan, changed, as_json=as_json)
    if changed.differences:
        raise typer.Exit(1)
