"""Checks of the buckets that captures are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from capture_forwarder.core.ports import Notifications
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
    """Whether the buckets announce new files to EventBridge."""
    for bucket, found in subject.notifications.items():
        # Empty when on, absent when off.
        if EVENT_BRIDGE not in found:
            yield failure(
                f"{bucket} does not announce its files to EventBridge.",
                f"Turn it on: capture-forwarder connect bucket {bucket} --apply",
            )


def others(subject: Subject) -> Iterator[Found]:
    """Whether a bucket announces a file a second time, by another way."""
    queue = subject.resource("CaptureQueue").rpartition("/")[2]
    function = subject.resource("ForwarderFunction")
    for bucket, found in subject.notifications.items():
        for arn in _destinations(found):
            if arn.rpartition(":")[2] in {queue, function}:
                yield failure(
                    f"{bucket} announces its files to {arn} directly, too: each comes twice.",
                    f"Remove that notification of {bucket}; the rule announces them already.",
                )


def _destinations(notifications: Notifications) -> Iterator[str]:
    for value in notifications.values():
        for entry in value if isinstance(value, list) else []:
            yield from (str(one) for name, one in entry.items() if name.endswith("Arn"))


def place(subject: Subject) -> Iterator[Found]:
    """Whether the buckets are where the stack is, and who manages them."""
    for bucket in subject.stack.buckets:
        region = subject.account.buckets.region(bucket)
        if region != subject.stack.region:
            yield failure(
                f"{bucket} is in {region}, and announces its files there only.",
                f"Deploy the stack in {region}.",
            )
        manager = subject.account.buckets.tags(bucket).get(STACK_TAG)
        if manager and EVENT_BRIDGE not in subject.notifications[bucket]:
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
