"""A bucket's notifications, in memory: what is planned, kept, refused and undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import ChangedMeanwhileError, UsageError
from capture_forwarder.core.ports.operator import ListedPage, Notifications
from capture_forwarder.setup.bucket import EVENT_BRIDGE, change, plan_on, plan_undo

QUEUE = {"Id": "others", "QueueArn": "arn:aws:sqs:us-east-1:1:q", "Events": ["s3:ObjectCreated:*"]}
entries = st.fixed_dictionaries(
    {
        "Id": st.text("abcü <&", min_size=1, max_size=4),
        "QueueArn": st.just("arn:aws:sqs:us-east-1:1:q"),
        "Events": st.lists(st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])),
    }
)
kinds = st.sampled_from(["QueueConfigurations", "TopicConfigurations"])
configurations = st.builds(
    lambda others, on: {**others, **({EVENT_BRIDGE: {}} if on else {})},
    st.dictionaries(kinds, st.lists(entries, min_size=1, max_size=3)),
    st.booleans(),
)


class MemoryBuckets:
    """One bucket; `between` is called before each read with the number of reads so far."""

    def __init__(self, found: Notifications, tags: Mapping[str, str] | None = None) -> None:
        self.found: Notifications = found
        self.writes: list[Notifications] = []
        self.reads = 0
        self.between: Callable[[int], None] = lambda _: None
        self._tags = tags or {}

    def notifications(self, bucket: str) -> Notifications:
        del bucket
        self.between(self.reads)
        self.reads += 1
        return dict(self.found)

    def set_notifications(self, bucket: str, notifications: Notifications) -> None:
        del bucket
        self.writes.append(notifications)
        self.found = notifications

    def tags(self, bucket: str) -> Mapping[str, str]:
        del bucket
        return self._tags

    def region(self, bucket: str) -> str:
        raise NotImplementedError(bucket)

    def policy(self, bucket: str) -> Mapping[str, object]:
        raise NotImplementedError(bucket)

    def page(
        self, bucket: str, prefix: str, *, after: str = "", folders: bool = False
    ) -> ListedPage:
        raise NotImplementedError(bucket, prefix, after, folders)

    def kms_key(self, bucket: str, key: str) -> str | None:
        raise NotImplementedError(bucket, key)


class Undo:
    """Keeps undo files in memory, and knows how much had been written by then."""

    def __init__(self, buckets: MemoryBuckets) -> None:
        self.texts: list[str] = []
        self._buckets = buckets

    def __call__(self, text: str) -> str:
        assert not self._buckets.writes
        self.texts.append(text)
        return "undo.json"


@given(configurations)
def test_all_other_notifications_stay_exactly_as_they_are(found: Notifications) -> None:
    buckets = MemoryBuckets(found)

    plan = plan_on(buckets, "captures")
    done = change(buckets, plan, Undo(buckets)) if plan.changes else None

    assert buckets.found == {**found, EVENT_BRIDGE: {}}
    assert plan.changes is (EVENT_BRIDGE not in found)
    assert len(plan.kept) == sum(
        len(value) for name, value in found.items() if isinstance(value, list)
    )
    assert done is None or done.differences == ()


@given(configurations, configurations)
def test_undoing_keeps_what_others_wrote_since(before: Notifications, now: Notifications) -> None:
    buckets = MemoryBuckets(before)
    undo = Undo(buckets)
    change(buckets, plan_on(buckets, "captures"), undo)
    buckets.found, buckets.writes = {**now, EVENT_BRIDGE: {}}, []

    change(buckets, plan_undo(buckets, undo.texts[0]), Undo(buckets))

    others = {name: value for name, value in now.items() if name != EVENT_BRIDGE}
    on = EVENT_BRIDGE in before
    assert buckets.found == ({**others, EVENT_BRIDGE: {}} if on else others)


def test_what_changes_before_the_write_stops_it() -> None:
    buckets = MemoryBuckets({"QueueConfigurations": [QUEUE]})
    plan = plan_on(buckets, "captures")
    buckets.found = {}

    with pytest.raises(ChangedMeanwhileError, match=r"Queue arn:aws:sqs:us-east-1:1:q .* is gone"):
        change(buckets, plan, Undo(buckets))

    assert buckets.writes == []


def test_what_another_program_writes_afterwards_is_told() -> None:
    buckets = MemoryBuckets({"QueueConfigurations": [QUEUE]})
    plan = plan_on(buckets, "captures")

    def other_program(reads: int) -> None:
        if reads == 2:
            buckets.found = {"TopicConfigurations": [{"Id": "new", "TopicArn": "arn:t"}]}

    buckets.between = other_program
    done = change(buckets, plan, Undo(buckets))

    assert done.differences == (
        "Queue arn:aws:sqs:us-east-1:1:q (others) is gone",
        "EventBridge is gone",
        "Topic arn:t (new) is new",
    )


def test_the_order_of_notifications_means_nothing() -> None:
    other = QUEUE | {"Id": "second"}
    buckets = MemoryBuckets({"QueueConfigurations": [QUEUE, other]})
    plan = plan_on(buckets, "captures")
    buckets.found = {"QueueConfigurations": [other, QUEUE]}

    assert change(buckets, plan, Undo(buckets)).differences == ()


def test_a_bucket_of_a_stack_is_refused_unless_that_is_asked_for() -> None:
    buckets = MemoryBuckets({}, {"aws:cloudformation:stack-name": "data-lake"})

    with pytest.raises(UsageError, match=r"stack data-lake.*EventBridgeEnabled.*--anyway"):
        plan_on(buckets, "captures")

    assert plan_on(buckets, "captures", managed=True).changes


def test_a_bucket_of_a_stack_that_announces_already_is_no_problem() -> None:
    buckets = MemoryBuckets({EVENT_BRIDGE: {}}, {"aws:cloudformation:stack-name": "data-lake"})

    assert not plan_on(buckets, "captures").changes


def test_a_directory_bucket_is_refused() -> None:
    with pytest.raises(UsageError, match="directory bucket"):
        plan_on(MemoryBuckets({}), "captures--use1-az4--x-s3")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"bucket": 3, "notifications": {}}', json.dumps({"bucket": "captures"})],
)
def test_what_is_no_undo_file_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="undo file cannot be read"):
        plan_undo(MemoryBuckets({}), text)


def test_nothing_is_written_if_the_undo_file_cannot_be_kept() -> None:
    buckets = MemoryBuckets({})

    def full(text: str) -> str:
        raise UsageError(f"The disk is full; {len(text)} bytes do not fit.")

    with pytest.raises(UsageError, match="disk is full"):
        change(buckets, plan_on(buckets, "captures"), full)

    assert buckets.writes == []
