"""`capture-forwarder routes`: look at a routes file before the function uses it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from capture_forwarder.cli.routes.view import show_checked
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.cli.terminal.plain_help import PlainTyper
from capture_forwarder.settings.schema import routes_schema
from capture_forwarder.wiring.routes import check_routes_file

app = PlainTyper(
    help="Check a routes file, and show which routes a capture file takes.", no_args_is_help=True
)

_CHECK_HELP = """Check a routes file, show its routes, and say which of them capture files take.

All mistakes in the file are listed at once. For each KEY, every route is listed, with the reason
if it is not taken. No platform is contacted, and no secret is read.

Examples:

- `capture-forwarder routes check routes.yaml`

- `capture-forwarder routes check s3://my-bucket/routes.yaml s3://captures/dir/my-endpoint/AllTraffic/2026/03/01/10/x.jsonl`

Exit code: 0; 1 when a KEY takes no route; 2 when the file is wrong; 130 when interrupted.
"""
_SCHEMA_HELP = """Print the JSON Schema of a routes file, for editors and checks.

Example: `capture-forwarder routes schema > routes.schema.json`

Exit code: 0; 2 for wrong usage; 130 when interrupted.
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
        checked = check_routes_file(file, keys or [])
    show_checked(file, checked, as_json=as_json)
    if checked.without_route:
        raise typer.Exit(1)


@app.command("schema", help=_SCHEMA_HELP)
def schema() -> None:
    """Print the JSON Schema."""
    print(json.dumps(routes_schema(), indent=2, ensure_ascii=False))
