"""What moto does otherwise than AWS, and these tests rely on: filled in here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.cloudwatch.models import Statistics
from moto.s3.responses import S3Response


class Notifications:
    """Buckets' notifications as they were written: moto forgets EventBridge when it answers.

    Parameters
    ----------
    reads
        How many times they were read.
    before_read
        Called before a read with the number of reads so far; for another program that writes.
    """

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.reads = 0
        self.writes: list[str] = []
        self.before_read: Callable[[int], None] = lambda _: None

    def get(self, response: S3Response) -> tuple[int, dict[str, str], str]:
        """Answer GetBucketNotificationConfiguration."""
        self.before_read(self.reads)
        self.reads += 1
        response.backend.head_bucket(response.bucket_name)
        empty = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
        return 200, {}, self.written.get(response.bucket_name, empty)

    def keep(self, response: S3Response) -> None:
        """Keep what PutBucketNotificationConfiguration brings."""
        text = response.body
        name = response.bucket_name
        self.written[name] = text if isinstance(text, str) else text.decode()
        self.writes.append(name)


@contextmanager
def bucket_notifications() -> Iterator[Notifications]:
    """Have moto answer the notifications that were written, and deliver events as before."""
    kept = Notifications()
    original: Any = S3Response._notification_config_from_body  # noqa: SLF001 - moto has no other

    def put(response: S3Response) -> Any:
        kept.keep(response)
        # moto refuses an empty configuration, which S3 takes.
        filled = "<Id>" in kept.written[response.bucket_name] or "EventBridge" in str(response.body)
        return original(response) if filled else {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Response, "_notification_config_from_body", put)
        patch.setattr(S3Response, "get_bucket_notification", lambda response: kept.get(response))  # noqa: PLW0108 - made a method
        yield kept


@contextmanager
def percentiles() -> Iterator[None]:
    """Have moto know percentiles of metrics, such as p50: the nearest value."""
    original: Any = Statistics.get_statistics_for_type

    def statistic(found: Statistics, name: str) -> Any:
        if not name.startswith("p"):
            return original(found, name)
        values = sorted(found.metric_single_values_list)
        return values[max(0, math.ceil(len(values) * float(name[1:]) / 100) - 1)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Statistics, "get_statistics_for_type", statistic)
        yield
