"""What `init` shows."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture_forwarder.cli.terminal.console import (
    ERR,
    OUT,
    complain,
    number_of,
    plain,
    say,
    show_warnings,
)
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.inspection.drafting.candidates import Candidate
from capture_forwarder.inspection.drafting.draft import RouteDraft
from capture_forwarder.inspection.drafting.plan import Draft
from capture_forwarder.parser import Column, ColumnMapping
from capture_forwarder.wiring.init_deployment import SamPlan
from capture_forwarder.wiring.platform_check import Fit, PlatformCheck

_MOST_NAMES = 3


@dataclass(frozen=True)
class Outcome:
    """What was found and written.

    Parameters
    ----------
    place
        Where the capture files are.
    draft
        The routes file.
    left_out
        Files of which no route could be made.
    checks
        Route → what its platform says of the columns.
    warnings
        What was noticed with them.
    plan
        How the routes are deployed.
    output, sam_config
        The files that were written.
    template_there
        Whether the template is at hand.
    copies
        The copies of files that were replaced.
    uploaded
        Whether the routes file was brought to where the function reads it.
    """

    place: str
    draft: Draft
    left_out: Sequence[Candidate]
    checks: Mapping[str, PlatformCheck]
    warnings: Sequence[str]
    plan: SamPlan
    output: Path
    sam_config: Path
    template_there: bool
    copies: Sequence[str]
    uploaded: bool

    @property
    def notes(self) -> list[str]:
        """What the reader should know, one sentence or two each."""
        found = [
            f"{one.about}: {_why_left_out(one)}, so there is no route for it."
            for one in self.left_out
        ]
        for route in self.draft.routes:
            found += [f"route {route.candidate.name}: {one}" for one in route.notes]
        found += [
            f"route {name}: the model could not be asked: {check.says} {check.todo}".strip()
            for name, check in self.checks.items()
            if check.fit is Fit.UNKNOWN
        ]
        found += [*self.warnings, *self.plan.notes]
        if self.plan.config is not None and not self.template_there:
            found.append(
                "There is no template here: run sam build and sam deploy in the folder that has "
                f"template.yaml, and move {self.sam_config} there."
            )
        return found

    def next_commands(self) -> Iterator[str]:
        """The commands to type next."""
        if self.plan.config is None:
            yield f"capture-forwarder forward {shlex.quote(self.place)} --routes {self.output}"
            return
        parameters, options = self.plan.settings.parameters, self.plan.settings.options
        if self.plan.address is not None and not self.uploaded:
            yield upload_command(self.output, self.plan.address, options)
        for bucket in parameters["CaptureBucket"].split(","):
            yield f"capture-forwarder connect bucket {bucket} --apply{_account(options)}"
        yield "sam build && sam deploy"
        yield f"capture-forwarder doctor --stack {options['stack_name']}{_account(options)}"


def upload_command(file: Path, address: str, options: Mapping[str, str]) -> str:
    """The command that brings a file to where the function reads it."""
    name = shlex.quote(str(file))
    if address.startswith("s3://"):
        return f"aws s3 cp {name} {shlex.quote(address)}{_account(options)}"
    parameter = shlex.quote(address.removeprefix("ssm://"))
    return (
        f"aws ssm put-parameter --name {parameter} --type String --tier Intelligent-Tiering "
        f"--overwrite --value {shlex.quote(f'file://{file}')}{_account(options)}"
    )


def show_outcome(outcome: Outcome) -> None:
    """Show what was found and written, and what comes next."""
    checked = any(check.fit is not Fit.NO_MODEL for check in outcome.checks.values())
    model = ["model"] if checked else []
    heads = ("route", "takes", "publisher", "columns", "lines read", *model)
    table = new_table(f"Routes for {outcome.place}", *heads, unbroken=("route", "publisher"))
    for route in outcome.draft.routes:
        candidate, mapping = route.candidate, route.candidate.inspection.mapping
        takes = "\n".join(f"{name} {value}" for name, value in candidate.match.items())
        add(
            table,
            candidate.name,
            plain(takes) or "every capture file",
            route.publisher.value,
            _columns(mapping) if "mapping" in route.written() and mapping else "lines as they are",
            _share(route),
            *([outcome.checks[candidate.name].fit.value] if checked else []),
        )
    OUT.print(table)
    for name, check in outcome.checks.items():
        if check.fit is Fit.DIFFERS:
            complain(f"route {name}: {check.says}", check.todo)
    show_warnings(map(plain, outcome.notes))
    _show_written(outcome)
    say("Next:", style="bold")
    say(f"  capture-forwarder routes check {outcome.output}")
    for command in outcome.next_commands():
        say(f"  {command}")
    if any(check.fit is Fit.DIFFERS for check in outcome.checks.values()):
        say(f"Correct the columns in {outcome.output} first.", to=ERR, style="yellow")


def _show_written(outcome: Outcome) -> None:
    routes = number_of(len(outcome.draft.routes), "route", "routes")
    say(f"Wrote {outcome.output}: {routes}.", style="bold")
    if outcome.plan.config is not None:
        say(f"Wrote {outcome.sam_config}:", style="bold")
        settings = outcome.plan.settings
        for name, value in (*settings.parameters.items(), *settings.options.items()):
            say(f"  {name}={plain(value)}")
        say("  confirm_changeset=false: sam deploy asks nothing more")
    for copy in outcome.copies:
        say(f"What was there before: {copy}")
    if outcome.uploaded:
        say(f"Uploaded the routes to {outcome.plan.address}.", style="bold")


def outcome_json(outcome: Outcome) -> dict[str, object]:
    """Write what was found and written as a JSON document."""
    config = outcome.plan.config
    return {
        "place": outcome.place,
        "routes": [_route_json(route, outcome) for route in outcome.draft.routes],
        "notes": outcome.notes,
        "written": [str(outcome.output), *([str(outcome.sam_config)] if config else [])],
        "copies": list(outcome.copies),
        "parameters": dict(outcome.plan.settings.parameters),
        "options": dict(outcome.plan.settings.options),
        "routes_file": outcome.plan.address,
        "uploaded": outcome.uploaded,
        "next": list(outcome.next_commands()),
    }


def _route_json(route: RouteDraft, outcome: Outcome) -> dict[str, object]:
    check = outcome.checks[route.candidate.name]
    files = route.candidate.inspection.files
    return {
        **route.written(),
        "about": route.candidate.about,
        "files": len(files),
        "lines": sum(facts.lines for facts in files),
        "lines_read": route.lines_read,
        "model": {"fit": check.fit.value, "problem": check.says, "advice": check.todo},
    }


def _why_left_out(candidate: Candidate) -> str:
    files = candidate.inspection.files
    if any(facts.labels for facts in files):
        return "it holds labels, which `capture-forwarder labels send` sends"
    return "no call can be read as rows, and `capture-forwarder inspect` says why"


def _account(options: Mapping[str, str]) -> str:
    given = [(name, options.get(name)) for name in ("profile", "region")]
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given if value)


def _share(route: RouteDraft) -> str:
    files = route.candidate.inspection.files
    return f"{route.lines_read} of {sum(facts.lines for facts in files)}"


def _columns(mapping: ColumnMapping) -> str:
    return f"{_few(mapping.inputs)} → {_few(mapping.outputs)}"


def _few(columns: Sequence[Column]) -> str:
    names = [plain(column.name) for column in columns]
    more = len(names) - _MOST_NAMES
    return (", ".join(names[:_MOST_NAMES]) or "nothing") + (f" and {more} more" if more > 0 else "")
