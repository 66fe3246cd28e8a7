"""The funnel of a day: how many files get how far, and where the number falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capture_forwarder.core.watched import Metric
from capture_forwarder.setup.findings import Found, failure, fine, warning
from capture_forwarder.setup.subject import Subject

# Metrics lag, and a file may be announced an hour after the one it is counted in.
_KEPT = 0.95


@dataclass(frozen=True)
class Step:
    """A step of the funnel, and how many got there; more than before it if some came twice."""

    name: str
    count: int


@dataclass(frozen=True)
class Funnel:
    """A day, step by step.

    Parameters
    ----------
    steps
        From the files in S3 to the files that are done.
    waiting
        The messages that are in the queue now.
    details
        Further numbers of the day, by their names.
    """

    steps: tuple[Step, ...]
    waiting: int
    details: dict[str, float]


def measure(subject: Subject) -> Funnel:
    """Count the day's files step by step; asked for once.

    Raises
    ------
    AccountError
        A number cannot be had.
    """
    return subject.once("funnel", lambda: _measured(subject))


def _measured(subject: Subject) -> Funnel:
    url = subject.resource("CaptureQueue")
    queue = (("QueueName", url.rpartition("/")[2]),)
    service = (("service", subject.stack.name),)
    function = (("FunctionName", subject.resource("ForwarderFunction")),)
    asked = {
        **_of_the_rule(subject),
        "sent": Metric("AWS/SQS", "NumberOfMessagesSent", queue),
        "forwarded": _ours("ObjectsForwarded", service),
        "repeated": _ours("ObjectsRepeated", service),
        "skipped": _ours("ObjectsSkipped", service),
        "failed tries": _ours("ObjectsFailed", service),
        "lines quarantined": _ours("LinesQuarantined", service),
        "inferences": _ours("Inferences", service),
        "inferences published": _ours("InferencesPublished", service),
        "inferences refused": _ours("InferencesRefused", service),
        "lag in seconds, median of the slowest hour": _ours("Lag", service, "p50"),
        "lag in seconds, longest": _ours("Lag", service, "Maximum"),
        "invocations failed": Metric("AWS/Lambda", "Errors", function),
        "invocations throttled": Metric("AWS/Lambda", "Throttles", function),
        "longest invocation in ms": Metric("AWS/Lambda", "Duration", function, "Maximum"),
    }
    values = subject.account.watching.values(list(asked.values()), subject.since, subject.now)
    found = {name: values.get(metric, 0.0) for name, metric in asked.items()}
    state = subject.account.deployment.queue(url)
    done = found["forwarded"] + found["repeated"] + found["skipped"]
    steps = [Step("files in S3", sum(folder.count for folder in subject.folders))]
    if subject.stack.has_rule:
        handed_over = found.pop("handed over") - found["not handed over"]
        steps += [
            Step("matched by the rule", round(found.pop("matched"))),
            Step("handed to the queue", round(handed_over)),
        ]
    steps += [
        Step("messages in the queue", round(found.pop("sent"))),
        Step("files done", round(done)),
    ]
    return Funnel(tuple(steps), state.waiting + state.in_flight + state.delayed, found)


def _of_the_rule(subject: Subject) -> dict[str, Metric]:
    """What EventBridge counts, if new files come by a rule."""
    if not subject.stack.has_rule:
        return {}
    rule = (("RuleName", subject.rule.name),)
    return {
        "matched": Metric("AWS/Events", "MatchedEvents", rule),
        "handed over": Metric("AWS/Events", "Invocations", rule),
        "not handed over": Metric("AWS/Events", "FailedInvocations", rule),
        "handed to dead letters": Metric("AWS/Events", "InvocationsSentToDlq", rule),
        "lost by the rule": Metric("AWS/Events", "InvocationsFailedToBeSentToDlq", rule),
    }


def _ours(name: str, dimensions: tuple[tuple[str, str], ...], statistic: str = "Sum") -> Metric:
    return Metric("CaptureForwarder", name, dimensions, statistic)


_ADVICE = {
    "matched by the rule": "See the checks bucket-announces and rule.",
    "handed to the queue": "See the check queue: its policy must let the rule send.",
    "messages in the queue": "See the checks bucket-announces and queue: its policy, and its key.",
    "files done": "See the checks mapping, function, last-failures and self-check.",
}


def funnel(subject: Subject) -> Iterator[Found]:
    """Where the number of files falls."""
    found = measure(subject)
    files = found.steps[0].count
    if lost := found.details.get("lost by the rule"):
        yield failure(
            f"{lost:.0f} announcements of files are lost: neither the queue nor the dead-letter "
            "queue took them.",
            "Run `sam deploy` again, then send the day's files: capture-forwarder backfill",
        )
    for before, step in zip(found.steps, found.steps[1:], strict=False):
        count = step.count + (found.waiting if step.name == "files done" else 0)
        if count < before.count * _KEPT:
            yield failure(
                f"Of {before.count} {before.name}, {step.count} are {step.name}.",
                _ADVICE[step.name],
            )
            return
    details = found.details
    published, inferences = details["inferences published"], details["inferences"]
    if published < inferences * _KEPT:
        yield failure(
            f"Of {inferences:.0f} inferences, the platform accepted {published:.0f}.",
            "Compare the columns with the model's schema; the quarantine has the platform's words.",
        )
    elif not files:
        yield warning("No capture file was written within a day.", "Is the endpoint called?")
    else:
        yield fine(f"{files} files of a day, {found.steps[-1].count} done, {published:.0f} rows.")
