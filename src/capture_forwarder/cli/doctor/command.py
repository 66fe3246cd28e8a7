"""`capture-forwarder doctor`: whether a deployment works, and if not, where it stops."""

from __future__ import annotations

import typer

from capture_forwarder.cli.doctor.view import show_examination
from capture_forwarder.cli.terminal.account import STACK, AsJson, Profile, Region, Stack
from capture_forwarder.cli.terminal.console import ERR, say, user_errors
from capture_forwarder.setup.doctor import CHECKS, day, examine
from capture_forwarder.setup.findings import Finding, Status
from capture_forwarder.wiring.doctor import open_stack
from capture_forwarder.wiring.operator import open_account

HELP = """Say whether a deployment works, and if not, where it stops. Changes nothing.

Follows a file's way from the endpoint to the platform, asks about every step, and has the deployed
function try its secrets, platform, columns, ledger, quarantine and queue under its own role and in
its own network, without writing anything. What fails comes with what to do; what you may not look
at is unknown, with the action to allow. Then it counts how many files of the last day got how far.

Examples:

- `capture-forwarder doctor`

- `capture-forwarder doctor --stack my-forwarder --region eu-west-1 --json`

Exit code: 0 when nothing fails, though there may be warnings and unknown answers; 1 when something
fails; 2 for wrong usage; 130 when interrupted.
"""


def doctor(
    *, stack: Stack = STACK, profile: Profile = None, region: Region = None, as_json: AsJson = False
) -> None:
    """Say whether a deployment works."""
    findings: list[Finding] = []
    funnel = None
    with user_errors():
        subject = open_stack(open_account(profile, region), stack)
        if isinstance(subject, Finding):
            findings.append(subject)
        else:
            if not as_json and ERR.is_terminal:
                say(f"Asking {len(CHECKS)} questions about {stack} ...", to=ERR, style="dim")
            findings += examine(subject)
            funnel = day(subject)
    show_examination(stack, findings, funnel, as_json=as_json)
    if any(finding.status is Status.FAILURE for finding in findings):
        raise typer.Exit(1)
