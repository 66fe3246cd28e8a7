"""The buckets that captures are in, as an operator sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Notifications = Mapping[str, object]
"""A bucket's notification configuration as S3 answers it, without anything of the client's."""


@dataclass(frozen=True)
class StoredFile:
    """A file in a bucket: its key, its size in bytes, and when it was last written."""

    key: str
    size: int
    written: datetime


@dataclass(frozen=True)
class ListedPage:
    """What one request of a listing brings.

    Parameters
    ----------
    files
        At most 1,000 files, in the order of their keys.
    folders
        The folders, with a slash at their ends, where a listing does not go below them.
    more
        Whether there are files behind these.
    """

    files: tuple[StoredFile, ...]
    folders: tuple[str, ...] = ()
    more: bool = False


class Pages(Protocol):
    """Lists files."""

    def page(
        self, bucket: str, prefix: str, *, after: str = "", folders: bool = False
    ) -> ListedPage:
        """List files below a prefix.

        Parameters
        ----------
        bucket, prefix
            Where to look.
        after
            The key to go on behind; empty for the beginning.
        folders
            Whether to stop at the next slash, and name folders instead of what is in them.
        """
        ...


class Buckets(Pages, Protocol):
    """Buckets; all methods raise `AccountError`, of which `NotAllowedError` names what to allow."""

    def notifications(self, bucket: str) -> Notifications:
        """What the bucket announces, and to whom."""
        ...

    def set_notifications(self, bucket: str, notifications: Notifications) -> None:
        """Replace all that the bucket announces, in one step."""
        ...

    def region(self, bucket: str) -> str:
        """The region that the bucket is in."""
        ...

    def tags(self, bucket: str) -> Mapping[str, str]:
        """The bucket's tags; none if it has no tags."""
        ...

    def policy(self, bucket: str) -> Mapping[str, object]:
        """The bucket's policy; empty if it has none."""
        ...

    def kms_key(self, bucket: str, key: str) -> str | None:
        """The ARN of the KMS key that a file is encrypted with; None without one of KMS."""
        ...
