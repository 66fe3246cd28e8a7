"""Checks of who is told when something fails, and of what has failed."""

from __future__ import annotations

from collections.abc import Iterator

from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.watched import LoggedFailure
from capture_forwarder.setup.findings import Found, failure, not_known, warning
from capture_forwarder.setup.subject import Subject


def alarms(subject: Subject) -> Iterator[Found]:
    """Whether an alarm is raised, and whether anybody hears of it."""
    prefix = f"{subject.stack.name}-"
    found = subject.account.watching.alarms(prefix)
    if not found:
        yield warning("The stack has no alarms.", "Run `sam deploy` again.")
        return
    for alarm in found:
        if alarm.state == "ALARM":
            name = alarm.name.removeprefix(prefix)
            yield failure(
                f"The alarm {name} is raised: {alarm.reason}", "See docs/operations.md for it."
            )
    if silent := [alarm.name for alarm in found if not alarm.actions_enabled]:
        yield warning(
            f"Somebody has switched off the actions of {', '.join(silent)}.",
            f"Switch them on: aws cloudwatch enable-alarm-actions --alarm-names {' '.join(silent)}",
        )
    topics = sorted({action for alarm in found for action in alarm.actions if ":sns:" in action})
    if not any(alarm.actions for alarm in found):
        yield warning(
            "Nobody is told of an alarm.", "Give AlarmEmail or AlarmTopicArn, and deploy the stack."
        )
    for topic in topics:
        yield from _topic(subject, topic)


def _topic(subject: Subject, topic: str) -> Iterator[Found]:
    try:
        for address in subject.account.watching.unconfirmed(topic):
            yield warning(
                f"{address} has not confirmed, and is not told of alarms.",
                "Confirm by the link in the e-mail of AWS Notifications.",
            )
    except AccountError as error:
        if error.code == "NotFound":
            yield failure(
                f"Alarms go to {topic}, which does not exist.",
                "Correct AlarmTopicArn, and deploy the stack.",
            )
        else:
            yield not_known(error)


def last_failures(subject: Subject) -> Iterator[Found]:
    """What failed within a day, by route and error."""
    kinds: dict[tuple[str, str], list[LoggedFailure]] = {}
    group = subject.resource("ForwarderLogGroup")
    for one in subject.account.watching.failures(group, subject.since):
        kinds.setdefault((one.route, one.error), []).append(one)
    for (route, error), several in kinds.items():
        last = several[-1]
        times = "once" if len(several) == 1 else f"{len(several)} times"
        yield warning(
            f"Route {route}: {error} {times}, last at {last.time:%Y-%m-%d %H:%M} UTC: "
            f"{last.problem}",
            last.advice,
        )
