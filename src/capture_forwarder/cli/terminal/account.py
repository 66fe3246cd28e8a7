"""Options that say which AWS account, region and stack a command is about."""

from __future__ import annotations

from typing import Annotated

import typer

Profile = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="AWS profile.", show_default="the environment's"
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="AWS region.",
        show_default="the environment's or profile's",
    ),
]
Stack = Annotated[
    str,
    typer.Option("--stack", metavar="NAME", help="The stack that the function was deployed as."),
]
STACK = "capture-forwarder"
Apply = Annotated[
    bool,
    typer.Option("--apply", help="Make the change. Without it, the command only shows it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
