"""Checks of the stack and of the function itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.setup.findings import Found, failure, warning
from capture_forwarder.setup.subject import Subject

# When Lambda stops maintaining a runtime. Source: AWS, "Lambda runtimes", table of deprecation.
_DEPRECATED = {
    "python3.11": datetime(2027, 6, 30, tzinfo=UTC),
    "python3.12": datetime(2028, 10, 31, tzinfo=UTC),
    "python3.13": datetime(2029, 6, 30, tzinfo=UTC),
    "python3.14": datetime(2029, 6, 30, tzinfo=UTC),
}
_SOON = timedelta(days=180)


def account(subject: Subject) -> Iterator[Found]:
    """Whether the caller looks at the account and region of the stack."""
    found = subject.account.deployment.identity()
    owner = subject.stack.arn.split(":")[4]
    if (found.account, found.region) != (owner, subject.stack.region):
        yield failure(
            f"You look at account {found.account} in {found.region}; the stack is in {owner} in "
            f"{subject.stack.region}.",
            "Name another profile by --profile, or another region by --region.",
        )


def stack(subject: Subject) -> Iterator[Found]:
    """Whether the stack was deployed to its end."""
    status = subject.stack.status
    if status.endswith("_FAILED") or status.startswith("ROLLBACK_"):
        why = subject.account.deployment.first_failure(subject.stack.name)
        because = f" First, this failed: {why}" if why else ""
        yield failure(
            f"The stack is in {status}.{because}", "Correct that, and run `sam deploy` again."
        )
    elif "ROLLBACK" in status:
        yield warning(
            f"The last update was undone ({status}); the stack is as it was before.",
            f"See why: aws cloudformation describe-stack-events --stack-name {subject.stack.name}",
        )
    elif status.endswith("_IN_PROGRESS"):
        yield warning(f"The stack is being changed ({status}).", "Wait, and run this again.")


def function(subject: Subject) -> Iterator[Found]:
    """Whether the function can run."""
    found = subject.function
    if found.state == "Failed":
        yield failure(f"The function failed: {found.state_reason}.", "Run `sam deploy` again.")
    elif found.state != "Active":
        why = f": {found.state_reason}" if found.state_reason else ""
        yield warning(f"The function is {found.state}{why}.", "Wait, and run this again.")
    if found.update == "Failed":
        yield failure(
            f"The function's last update failed: {found.update_reason}.",
            "Correct that, and run `sam deploy` again.",
        )
    if found.environment_problem:
        yield failure(
            f"Lambda cannot decrypt the function's variables: {found.environment_problem}.",
            "Give the function's role kms:Decrypt on the key of its variables.",
        )
    for name, deployed in (("Architecture", found.architecture), ("Runtime", found.runtime)):
        wanted = subject.stack.parameters.get(name, deployed)
        if wanted != deployed:
            yield failure(
                f"The package was built for {wanted}, and the function runs on {deployed}.",
                f"Run `sam build` and `sam deploy` with the same {name}.",
            )


def settings(subject: Subject) -> Iterator[Found]:
    """Whether the function takes its own settings, and its routes."""
    try:
        if not subject.routes:
            yield failure("There is no route.", "Correct the stack's parameters and deploy it.")
    except SettingsError as error:
        for problem in error.problems:
            yield failure(problem, "Correct the stack's parameters or the routes file.")


def concurrency(subject: Subject) -> Iterator[Found]:
    """Whether the function may run as often as the stack wants."""
    found = subject.account.deployment
    wanted = int(subject.stack.parameters.get("MaximumConcurrency", "5"))
    name = subject.resource("ForwarderFunction")
    reserved = found.reserved_concurrency(name)
    if reserved == 0:
        yield failure(
            "The function is switched off: its reserved concurrency is 0.",
            f"Switch it on: aws lambda delete-function-concurrency --function-name {name}",
        )
        return
    free = found.free_concurrency() if reserved is None else reserved
    if free < wanted:
        whose = "the account has" if reserved is None else "the function's reserved concurrency is"
        yield warning(
            f"MaximumConcurrency is {wanted}, and {whose} {free}.",
            "Ask for more of Lambda's quota 'Concurrent executions', or lower MaximumConcurrency.",
        )


def mapping(subject: Subject) -> Iterator[Found]:
    """Whether Lambda takes messages from the queue for the function."""
    uuid = subject.resource("ForwarderFunctionCaptures")
    found = subject.account.deployment.mapping(uuid)
    enable = f"aws lambda update-event-source-mapping --uuid {uuid}"
    why = f" ({found.reason})" if found.reason else ""
    if found.state in {"Disabled", "Disabling"}:
        yield failure(
            f"The function takes no messages: its event source mapping is {found.state}{why}.",
            f"Enable it: {enable} --enabled",
        )
    elif found.state != "Enabled":
        yield warning(f"The event source mapping is {found.state}{why}.", "Wait a minute.")
    if "ReportBatchItemFailures" not in found.responses:
        yield failure(
            "A file that fails has all messages of its batch come again.",
            f"Correct it: {enable} --function-response-types ReportBatchItemFailures",
        )
    if found.last_result.startswith("PROBLEM"):
        yield warning(
            f"Lambda says of the mapping: {found.last_result}.", "See the function's log."
        )


def package(subject: Subject) -> Iterator[Found]:
    """Whether Lambda still maintains the function's Python."""
    runtime = subject.function.runtime
    end = _DEPRECATED.get(runtime)
    if end is not None and subject.now > end - _SOON:
        when = "was" if subject.now > end else "will be"
        yield warning(
            f"{runtime} {when} deprecated on {end:%Y-%m-%d}.",
            "Set Runtime in samconfig.toml to a newer one, and run `sam build` and `sam deploy`.",
        )
