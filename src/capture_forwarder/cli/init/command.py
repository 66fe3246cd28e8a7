"""`capture-forwarder init`: from captures to a routes file and the settings of a deployment."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capture_forwarder.cli.init.asking import Asking
from capture_forwarder.cli.init.view import Outcome, outcome_json, show_outcome
from capture_forwarder.cli.terminal.account import AsJson, Profile, Region
from capture_forwarder.cli.terminal.console import ERR, say_json, user_errors
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.errors import UsageError
from capture_forwarder.inspection import take_samples
from capture_forwarder.inspection.drafting.candidates import Candidate, find_candidates
from capture_forwarder.inspection.drafting.choices import Choices, read_choices
from capture_forwarder.inspection.drafting.plan import draft_of, mapped
from capture_forwarder.settings import PublisherName
from capture_forwarder.wiring.init import (
    find_captures,
    read_text,
    template_parameters,
    upload,
    write_with_copy,
)
from capture_forwarder.wiring.init_deployment import (
    Wishes,
    overriding,
    plan_deployment,
    replacing,
)
from capture_forwarder.wiring.operator import open_account
from capture_forwarder.wiring.platform_check import Fit, check_with_platform

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls

HELP = """Draft the routes file and the deployment's settings from your capture files.

Looks at the newest files of every endpoint in PLACE, asks which platform and model the rows go to,
compares the columns with the model's, and writes `routes.yaml` and `samconfig.toml`. After that,
`sam build` and `sam deploy` ask nothing. A file that is there already is replaced only by
`--force`, or once you say yes, and a copy is kept.

Without a terminal nothing is asked: `--publisher` and `--set` say it all. KEY is a key of a
route's mapping or publisher in docs/routes.md; ROUTE is an endpoint, or the name of a route.

Nothing in AWS is changed, except that `--upload` brings the routes file to where the function
reads it.

Examples:

- `capture-forwarder init s3://my-captures/datacapture/`

- `capture-forwarder init captures/ --publisher duckdb`

- `capture-forwarder init s3://my-captures/datacapture/ --publisher fiddler --set url=URL
  --set token_secret_arn=ARN --set churn:model_uuid=UUID --set credit:model_uuid=UUID --upload`

Exit code: 0; 1 when the platform's model does not have a route's columns, or AWS refused; 2 for
wrong usage or settings; 130 when interrupted.
"""


def init(  # noqa: PLR0913 - one parameter an option
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="A folder with capture files, or s3://bucket/prefix.",
            show_default=False,
        ),
    ],
    *,
    publisher: Annotated[
        list[str] | None,
        typer.Option(
            "--publisher",
            metavar="[ROUTE:]NAME",
            help=f"Where rows go: {', '.join(PublisherName)}. May be repeated.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[ROUTE:]KEY=VALUE",
            help="A key of a route, such as url, model_uuid or inputs. May be repeated.",
            show_default=False,
        ),
    ] = None,
    by_variant: Annotated[
        bool, typer.Option("--by-variant", help="A route for each variant of an endpoint.")
    ] = False,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, metavar="N", help="Files to look at, the newest of each."),
    ] = 20,
    lines: Annotated[
        int, typer.Option("--lines", min=1, metavar="N", help="Lines to look at, a file.")
    ] = 1000,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The routes file to write.")
    ] = Path("routes.yaml"),
    sam_config: Annotated[
        Path, typer.Option("--sam-config", metavar="FILE", help="The SAM CLI's settings.")
    ] = Path("samconfig.toml"),
    template: Annotated[
        Path, typer.Option("--template", metavar="FILE", help="The forwarder's template.")
    ] = Path("template.yaml"),
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of the template, such as AlarmEmail. May be repeated.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--routes-file",
            metavar="ADDRESS",
            help="Where the function reads the routes: s3://bucket/key or ssm:///name.",
            show_default="ssm:///STACK/routes",
        ),
    ] = None,
    upload_it: Annotated[
        bool, typer.Option("--upload", help="Bring the routes file there.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there; a copy of files is kept.")
    ] = False,
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            help="The stack to deploy.",
            show_default="that of samconfig.toml",
        ),
    ] = None,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Draft a routes file and a deployment."""

    @cache
    def account() -> AwsCalls:
        return open_account(profile, region)

    with user_errors():
        choices = read_choices(publisher or [], settings or [])
        wishes = Wishes(stack, region, profile, address, _pairs(parameter or []))
        captures = find_captures(place, account, limit)

        def candidates_by(known: Choices) -> list[Candidate]:
            with ERR.status("Reading ...") if ERR.is_terminal else nullcontext():
                return find_candidates(
                    captures.files,
                    captures.base,
                    lambda files: take_samples(files, captures.store, lines),
                    known.given_for,
                    by_variant=by_variant,
                )

        candidates = candidates_by(choices)
        routes = mapped(candidates, place)
        asking = Asking.at_terminal(as_json=as_json)
        choices, columns_named = asking.settle(routes, choices)
        if columns_named:
            candidates = candidates_by(choices)
            routes = mapped(candidates, place)
        draft = draft_of(routes, choices, place, str(output))
        reporter = CollectingReporter()
        checks = {
            route.name: check_with_platform(route, account, reporter.on_route(route.name, ""))
            for route in draft.settings
        }
        config = read_text(sam_config) or ""
        plan = plan_deployment(
            captures,
            draft.settings,
            draft.text,
            wishes=wishes,
            config=config,
            template=template_parameters(template),
            account=account,
        )
        told = [
            *replacing(output, read_text(output), draft.text),
            *overriding(sam_config, plan, wishes),
        ]
        if told and not force and not asking.may_replace(told):
            problem = "\n".join([*told, "Nothing was written."])
            raise UsageError(problem, "Add --force to replace it; a copy is kept.")
        copies = [write_with_copy(output, draft.text)]
        if plan.config is not None:
            copies.append(write_with_copy(sam_config, plan.config.text))
        outcome = Outcome(
            place=place,
            draft=draft,
            left_out=[one for one in candidates if one.inspection.mapping is None],
            checks=checks,
            warnings=reporter.warnings,
            plan=plan,
            output=output,
            sam_config=sam_config,
            template_there=template.exists(),
            copies=[copy for copy in copies if copy],
            uploaded=upload_it and plan.address is not None,
        )
        if upload_it and plan.address is not None:
            upload(account(), plan.address, draft.text, replace=force)
    if as_json:
        say_json(outcome_json(outcome))
    else:
        show_outcome(outcome)
    if any(check.fit is Fit.DIFFERS for check in checks.values()):
        raise typer.Exit(1)


def _pairs(written: list[str]) -> dict[str, str]:
    found = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--parameter {text} has no value.", "Write it as NAME=VALUE.")
        found[name] = value
    return found
