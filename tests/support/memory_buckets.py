"""Buckets in memory, whose listings have pages of any size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from capture_forwarder.core.ports.operator import ListedPage, Notifications, StoredFile

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)


class MemoryBuckets:
    """One bucket's listing, as ListObjectsV2 gives it.

    Parameters
    ----------
    keys
        What is in the bucket.
    page_size
        The most entries of a page.
    """

    def __init__(self, keys: Iterable[str], page_size: int = 1000) -> None:
        self.sizes = dict.fromkeys(keys, 10)
        self.page_size = page_size
        self.requests = 0

    def page(
        self, bucket: str, prefix: str, *, after: str = "", folders: bool = False
    ) -> ListedPage:
        """List a page: files and, for a delimiter, folders in the order of their names."""
        del bucket
        self.requests += 1
        found: dict[str, bool] = {}
        for key in sorted(self.sizes, key=lambda one: one.encode()):
            if key.startswith(prefix) and key.encode() > after.encode():
                name, slash, _ = key[len(prefix) :].partition("/")
                folder = folders and slash
                found[f"{prefix}{name}/" if folder else key] = bool(folder)
        shown = list(found)[: self.page_size]
        return ListedPage(
            tuple(StoredFile(key, self.sizes[key], WRITTEN) for key in shown if not found[key]),
            tuple(key for key in shown if found[key]),
            more=len(found) > len(shown),
        )

    def notifications(self, bucket: str) -> Notifications:
        """Nothing is known of these."""
        raise NotImplementedError(bucket)

    def set_notifications(self, bucket: str, notifications: Notifications) -> None:
        """Nothing is known of these."""
        raise NotImplementedError(bucket, notifications)

    def region(self, bucket: str) -> str:
        """Nothing is known of it."""
        raise NotImplementedError(bucket)

    def tags(self, bucket: str) -> Mapping[str, str]:
        """Nothing is known of these."""
        raise NotImplementedError(bucket)

    def policy(self, bucket: str) -> Mapping[str, object]:
        """Nothing is known of it."""
        raise NotImplementedError(bucket)

    def kms_key(self, bucket: str, key: str) -> str | None:
        """Nothing is known of it."""
        raise NotImplementedError(bucket, key)
