"""`capture-forwarder routes`: look at a routes file before the function does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from capture_forwarder.cli.routes.view import Checked, show_checked
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.routes_check import unreachable, verdicts
from capture_forwarder.settings.schema import routes_schema
from capture_forwarder.wiring.routes import routes_in

app = typer.Typer(
    help="Check a routes file, and say which routes an object takes.", no_args_is_help=True
)

_S3 = "s3://"
_CHECK_HELP = """Check a routes file, show its routes, and say which of them objects take.

All mistakes are told at once. For each KEY, every route is named with why it is or is not taken.
No platform is asked, and no secret is read.

Examples:

- `capture-forwarder routes check routes.yaml`

- `capture-forwarder routes check s3://my-bucket/routes.yaml s3://captures/dir/my-endpoint/AllTraffic/2026/03/01/10/x.jsonl`

Exit code: 0, 1 when a KEY takes no route, 2 when the file is wrong.
"""
_SCHEMA_HELP = """Print the JSON Schema of a routes file, for editors and checks.

Example: `capture-forwarder routes schema > routes.schema.json`
"""


@app.command("check", help=_CHECK_HELP)
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A path, s3://bucket/key or ssm://parameter.",
            show_default=False,
        ),
    ],
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY",
            help="s3://bucket/key, or a key alone where no route asks for a bucket.",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a routes file."""
    with user_errors():
        routes = routes_in(file)
        found = {key: list(verdicts(routes, _source(key, routes))) for key in keys or []}
    checked = Checked(file, routes, unreachable(routes), found)
    show_checked(checked, as_json=as_json)
    if checked.without_route:
        raise typer.Exit(1)


@app.command("schema", help=_SCHEMA_HELP)
def schema() -> None:
    """Print the JSON Schema."""
    print(json.dumps(routes_schema(), indent=2, ensure_ascii=False))


def _source(key: str, routes: Sequence[RouteSettings]) -> CaptureFile:
    if key.startswith(_S3):
        bucket, _, rest = key.removeprefix(_S3).partition("/")
        if not bucket or not rest:
            raise UsageError(f"{key} names no object; write s3://bucket/key.")
        return CaptureFile(bucket, rest)
    asking = [route.name for route in routes if route.match.bucket is not None]
    if asking:
        message = f"The bucket matters to the route {asking[0]}; write s3://bucket/{key}."
        raise UsageError(message)
    return CaptureFile("", key)
