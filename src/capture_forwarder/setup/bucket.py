"""A bucket's notifications to EventBridge are turned on or off; all others stay as they are.

S3 has no condition on writing notifications: a write replaces all of them. So they are read again
just before the write, which does not happen if they changed, and once more after it. What another
program writes between the second read and the write is lost; the undo file has what was there when
the work began. Source: PutBucketNotificationConfiguration in the S3 API reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from capture_forwarder.core.errors import ChangedMeanwhileError, UsageError
from capture_forwarder.core.ports.operator import Buckets, Notifications

EVENT_BRIDGE = "EventBridgeConfiguration"
STACK_TAG = "aws:cloudformation:stack-name"
_DIRECTORY_BUCKET = "--x-s3"

SaveUndo = Callable[[str], str]
"""Keeps the text of an undo file, and returns where."""


@dataclass(frozen=True)
class BucketPlan:
    """What a command would change.

    Parameters
    ----------
    bucket
        The bucket.
    before, after
        Its notifications as they are and as they will be.
    """

    bucket: str
    before: Notifications
    after: Notifications

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after

    @property
    def turns_on(self) -> bool:
        """Whether EventBridge is on afterwards."""
        return EVENT_BRIDGE in self.after

    @property
    def kept(self) -> tuple[str, ...]:
        """The other notifications, which stay, in words."""
        return tuple(_others(self.before))


@dataclass(frozen=True)
class Changed:
    """What became of a change.

    Parameters
    ----------
    undo
        Where the undo file is.
    differences
        How the bucket's notifications differ from what was written, since another program has
        written them, too; none if all is as it should be.
    """

    undo: str
    differences: tuple[str, ...] = ()


def plan_on(buckets: Buckets, bucket: str, *, managed: bool = False) -> BucketPlan:
    """Plan to turn EventBridge on.

    Parameters
    ----------
    buckets
        AWS.
    bucket
        The bucket's name.
    managed
        Whether to change a bucket of a CloudFormation stack, too.

    Raises
    ------
    UsageError
        The bucket is one of those that have no notifications, or belongs to a stack.
    AccountError
        AWS refuses.
    """
    if bucket.endswith(_DIRECTORY_BUCKET):
        problem = f"{bucket} is a directory bucket, which announces nothing to EventBridge."
        raise UsageError(problem, "Have SageMaker capture into a general purpose bucket.")
    before = buckets.notifications(bucket)
    plan = BucketPlan(bucket, before, {**before, EVENT_BRIDGE: {}} if not _on(before) else before)
    stack = buckets.tags(bucket).get(STACK_TAG)
    if plan.changes and stack and not managed:
        raise UsageError(
            f"{bucket} is managed by the CloudFormation stack {stack}, which may undo a change "
            "made here.",
            "In its template, set Properties.NotificationConfiguration.EventBridgeConfiguration."
            "EventBridgeEnabled of the AWS::S3::Bucket to true, beside all that "
            "NotificationConfiguration holds, and deploy it. To change the bucket nevertheless, "
            "add --anyway.",
        )
    return plan


def plan_undo(buckets: Buckets, undo: str) -> BucketPlan:
    """Plan to undo what an undo file is about; what others changed since then stays.

    Parameters
    ----------
    buckets
        AWS.
    undo
        The undo file's text.

    Raises
    ------
    UsageError
        The text is not that of an undo file.
    AccountError
        AWS refuses.
    """
    bucket, old = _read_undo(undo)
    before = buckets.notifications(bucket)
    if _on(old):
        return BucketPlan(bucket, before, {**before, EVENT_BRIDGE: old[EVENT_BRIDGE]})
    return BucketPlan(
        bucket, before, {name: value for name, value in before.items() if name != EVENT_BRIDGE}
    )


def change(buckets: Buckets, plan: BucketPlan, save_undo: SaveUndo) -> Changed:
    """Do what is planned.

    Parameters
    ----------
    buckets
        AWS.
    plan
        What to do.
    save_undo
        Keeps the undo file; nothing is changed before it returns.

    Raises
    ------
    ChangedMeanwhileError
        The notifications are no longer as they were when the plan was made. Nothing was changed.
    AccountError
        AWS refuses.
    """
    undo = save_undo(json.dumps({"bucket": plan.bucket, "notifications": plan.before}, indent=2))
    if differences := tuple(_differences(plan.before, buckets.notifications(plan.bucket))):
        raise ChangedMeanwhileError(
            f"Another program has changed the notifications of {plan.bucket} meanwhile: "
            f"{'; '.join(differences)}. Nothing was changed.",
            "Run the command again; it then shows them as they are now.",
        )
    buckets.set_notifications(plan.bucket, plan.after)
    found = buckets.notifications(plan.bucket)
    return Changed(undo, tuple(_differences(plan.after, found)))


def _on(notifications: Notifications) -> bool:
    # Empty when on, absent when off.
    return EVENT_BRIDGE in notifications


def _read_undo(text: str) -> tuple[str, Notifications]:
    try:
        document = json.loads(text)
        bucket, old = document["bucket"], document["notifications"]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            "The undo file cannot be read.", "Name one that `connect bucket` has written."
        ) from error
    if not isinstance(bucket, str) or not isinstance(old, dict):
        raise UsageError(
            "The undo file cannot be read.", "Name one that `connect bucket` has written."
        )
    return bucket, old


def _entries(notifications: Notifications) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each single notification with its kind; several of a kind are a list."""
    for kind, value in notifications.items():
        for entry in value if isinstance(value, list) else [value]:
            yield kind, entry if isinstance(entry, Mapping) else {}


def _others(notifications: Notifications) -> Iterator[str]:
    for kind, entry in _entries(notifications):
        if kind != EVENT_BRIDGE:
            yield _words(kind, entry)


def _words(kind: str, entry: Mapping[str, object]) -> str:
    """Describe a notification: to which queue, topic or function it goes."""
    if kind == EVENT_BRIDGE:
        return "EventBridge"
    arns = [value for name, value in entry.items() if name.endswith("Arn")]
    name = f" ({entry['Id']})" if entry.get("Id") else ""
    return f"{kind.removesuffix('s').removesuffix('Configuration')} {arns[0] if arns else ''}{name}"


def _differences(expected: Notifications, found: Notifications) -> Iterator[str]:
    """Say what is gone and what is new; the order of notifications means nothing."""
    old = {_key(*one): _words(*one) for one in _entries(expected)}
    new = {_key(*one): _words(*one) for one in _entries(found)}
    yield from (f"{words} is gone" for key, words in old.items() if key not in new)
    yield from (f"{words} is new" for key, words in new.items() if key not in old)


def _key(kind: str, entry: Mapping[str, object]) -> str:
    return json.dumps([kind, entry], sort_keys=True)
