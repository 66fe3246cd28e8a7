"""Checks of the buckets that captures are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from capture_forwarder.core.ports.operator import Notifications
from capture_forwarder.setup.bucket import EVENT_BRIDGE, STACK_TAG
from capture_forwarder.setup.findings import Found, failure, warning
from capture_forwarder.setup.subject import Subject

# Conditions that keep out whoever does not come by a certain way, whatever the role allows.
_WAYS = (
    "aws:sourcevpce",
    "aws:sourcevpc",
    "aws:sourceip",
    "aws:principalarn",
    "aws:principalorgid",
)


def announces(subject: Subject) -> Iterator[Found]:
    """Whether the buckets announce new files where the stack hears of them."""
    if not subject.stack.has_rule:
        yield from _announces_to(subject, _direct_destination(subject))
        return
    for bucket, found in subject.notifications.items():
        # Empty when on, absent when off.
        if EVENT_BRIDGE not in found:
            yield failure(
                f"{bucket} does not announce its files to EventBridge.",
                f"Turn it on: capture-forwarder connect bucket {bucket} --apply",
            )


def _direct_destination(subject: Subject) -> str:
    """The ARN of the topic or of the queue that buckets announce their files to, without a rule."""
    if subject.stack.source == "s3":
        return subject.account.deployment.queue(subject.resource("CaptureQueue")).arn
    return subject.stack.source


def _announces_to(subject: Subject, arn: str) -> Iterator[Found]:
    for bucket, found in subject.notifications.items():
        if arn not in _destinations(found, "s3:ObjectCreated"):
            yield failure(
                f"{bucket} does not announce new files to {arn}.",
                "Add a notification for s3:ObjectCreated:* to it, beside all that it has.",
            )


def others(subject: Subject) -> Iterator[Found]:
    """Whether a bucket announces a file a second time, by another way."""
    queue = subject.resource("CaptureQueue").rpartition("/")[2]
    twice = {subject.resource("ForwarderFunction")} | (
        set() if subject.stack.source == "s3" else {queue}
    )
    for bucket, found in subject.notifications.items():
        for arn in _destinations(found):
            if arn.rpartition(":")[2] in twice:
                yield failure(
                    f"{bucket} announces its files to {arn} directly, too: each comes twice.",
                    f"Remove that notification of {bucket}; its files are announced already.",
                )


def _destinations(notifications: Notifications, event: str = "") -> Iterator[str]:
    """The ARNs that a bucket announces its events to, or those that begin with something."""
    for value in notifications.values():
        for entry in value if isinstance(value, list) else []:
            if any(str(name).startswith(event) for name in entry.get("Events", [])):
                yield from (str(one) for name, one in entry.items() if name.endswith("Arn"))


def place(subject: Subject) -> Iterator[Found]:
    """Whether the buckets are where the stack is, and who manages them."""
    for bucket in subject.stack.buckets:
        region = subject.account.buckets.region(bucket)
        # An event bus and a topic may bring announcements from elsewhere.
        if region != subject.stack.region and not subject.stack.source.startswith("arn:"):
            yield failure(
                f"{bucket} is in {region}, and announces its files there only.",
                f"Deploy the stack in {region}.",
            )
        manager = subject.account.buckets.tags(bucket).get(STACK_TAG)
        if manager and subject.stack.has_rule and EVENT_BRIDGE not in subject.notifications[bucket]:
            yield warning(
                f"{bucket} is managed by the stack {manager}.",
                "Set EventBridgeEnabled in its template, or the next deployment undoes what "
                "`connect bucket` does.",
            )


def access(subject: Subject) -> Iterator[Found]:
    """Whether something other than the role keeps the function from reading the files."""
    # First, since such a policy may keep whoever looks from the files, too.
    for bucket in subject.stack.buckets:
        for condition in sorted(_denies(subject.account.buckets.policy(bucket))):
            yield warning(
                f"The policy of {bucket} denies access by {condition}.",
                "Make sure that it lets the function's role in; the self-check tries it.",
            )
    allowed = subject.stack.listed("CaptureKmsKeyArn")
    told = set()
    for folder in subject.folders:
        for file in folder.files[-1:]:
            key = subject.account.buckets.kms_key(file.bucket, file.key)
            if key is not None and key not in allowed and key not in told:
                told.add(key)
                yield failure(
                    f"{file} is encrypted with {key}, which the function may not use.",
                    "Add the key's ARN to CaptureKmsKeyArn, and deploy the stack.",
                )


def _denies(policy: Mapping[str, object]) -> set[str]:
    """The conditions by which a policy denies access to whoever comes by another way."""
    statements = policy.get("Statement")
    found = set()
    for one in statements if isinstance(statements, list) else [statements]:
        if isinstance(one, Mapping) and one.get("Effect") == "Deny":
            conditions = one.get("Condition")
            for operator in conditions.values() if isinstance(conditions, Mapping) else []:
                found |= {name for name in operator if name.lower() in _WAYS}
    return found
