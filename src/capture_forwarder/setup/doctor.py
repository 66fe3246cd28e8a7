"""Is it working, and if not, where does it stop? All checks of a deployment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from capture_forwarder.core.errors import AccountError, ForwarderError, NotAllowedError
from capture_forwarder.setup.checks import buckets, captures, function, queues, watching
from capture_forwarder.setup.checks.self_check import self_check
from capture_forwarder.setup.findings import Check, Finding, Status, not_known
from capture_forwarder.setup.funnel import Funnel, funnel, measure
from capture_forwarder.setup.subject import HOURS, Account, Subject

CHECKS = (
    Check("account", "You look at the account and region of the stack.", function.account),
    Check("stack", "The stack is deployed.", function.stack),
    Check("endpoints", "Endpoints capture all calls, with both sides.", captures.endpoints),
    Check("calls", "Endpoints that are called write files.", captures.calls),
    Check("bucket-announces", "New files are announced.", buckets.announces),
    Check("bucket-others", "No file is announced twice.", buckets.others),
    Check("bucket-place", "In the region of the stack.", buckets.place),
    Check("bucket-access", "No key or policy is in the way.", buckets.access),
    Check("rule", "The rule takes the files and hands them to the queue.", queues.rule),
    Check("queue", "The queue takes messages and keeps what fails.", queues.queue),
    Check("mapping", "Lambda takes messages from the queue.", function.mapping),
    Check("concurrency", "The function may run as often as it should.", function.concurrency),
    Check("function", "The function can run.", function.function),
    Check("package", "Lambda maintains the function's Python.", function.package),
    Check("settings", "The function's settings are right.", function.settings),
    Check("secrets", "The secrets are there.", queues.secrets),
    Check("files-map", "The newest files fit the mapping.", captures.mapping),
    Check("ledger", "The ledger takes writes.", queues.ledger),
    Check("quarantine", "The quarantine is empty.", queues.quarantine),
    Check("dead-letters", "No message has failed for good.", queues.dead_letters),
    Check("last-failures", "Nothing failed within a day.", watching.last_failures),
    Check("alarms", "No alarm is raised, and somebody would be told.", watching.alarms),
    Check("funnel", "Every file got through.", funnel),
    Check("self-check", "The function reaches all that it needs.", self_check),
)
"""The checks, in the order of a file's way."""


def open_subject(
    account: Account, stack: str, now: datetime, hours: int = HOURS
) -> Subject | Finding:
    """Look the stack up; a finding if it cannot be seen.

    Parameters
    ----------
    account
        AWS.
    stack
        The stack's name.
    now
        The time.
    hours
        How many full hours before this one are looked at.
    """
    try:
        return Subject(account, account.deployment.stack(stack), now, hours)
    except NotAllowedError as error:
        found = not_known(error)
        return Finding("stack", found.status, found.says, found.todo)
    except AccountError as error:
        if error.code != "ValidationError":
            return Finding("stack", Status.UNKNOWN, error.message, error.advice)
        where = ""
        with suppress(ForwarderError):
            who = account.deployment.identity()
            where = f" in {who.region} of account {who.account}, where you look"
        todo = "Name it by --stack, another region by --region, or another profile by --profile."
        return Finding("stack", Status.FAILURE, f"There is no stack {stack}{where}.", todo)


def examine(subject: Subject) -> Iterator[Finding]:
    """Ask all questions about a deployment; each check gives at least one finding."""
    for check in CHECKS:
        yield from check.findings(subject)


def day(subject: Subject) -> Funnel | None:
    """The funnel of the last day; None where its numbers cannot be had."""
    try:
        return measure(subject)
    except ForwarderError:
        return None
