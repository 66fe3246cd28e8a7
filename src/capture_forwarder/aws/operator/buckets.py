"""Buckets, as an operator sees them in S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.aws.pages import S3Pages
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports.operator import ListedPage, Notifications

# LocationConstraint of the oldest regions. Source: GetBucketLocation in the S3 API reference.
_REGIONS = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}


class S3Buckets:
    """Buckets in S3; see `Buckets`.

    Parameters
    ----------
    calls
        AWS.
    owner
        The account that must own a bucket whose notifications are read or changed; without one,
        any may.
    """

    def __init__(self, calls: AwsCalls, owner: str | None = None) -> None:
        self._calls = calls
        self._pages = S3Pages(lambda: calls.client("s3"))
        self._owned: dict[str, object] = {"ExpectedBucketOwner": owner} if owner else {}

    def notifications(self, bucket: str) -> Notifications:
        """What a bucket announces; see `Buckets.notifications`."""
        return self._calls.call(
            "s3", "GetBucketNotificationConfiguration", Bucket=bucket, **self._owned
        )

    def set_notifications(self, bucket: str, notifications: Notifications) -> None:
        """Replace what a bucket announces; see `Buckets.set_notifications`.

        S3 does not try the destinations: with one old one that is broken it would refuse the
        whole, and it would send each of the others a test message.
        """
        self._calls.call(
            "s3",
            "PutBucketNotificationConfiguration",
            Bucket=bucket,
            NotificationConfiguration=dict(notifications),
            SkipDestinationValidation=True,
            **self._owned,
        )

    def region(self, bucket: str) -> str:
        """The region of a bucket; see `Buckets.region`."""
        found = self._calls.call("s3", "GetBucketLocation", Bucket=bucket).get("LocationConstraint")
        return _REGIONS.get(found, str(found))

    def tags(self, bucket: str) -> Mapping[str, str]:
        """The tags of a bucket; see `Buckets.tags`."""
        try:
            answer = self._calls.call("s3", "GetBucketTagging", Bucket=bucket)
        except AccountError as error:
            if error.code == "NoSuchTagSet":
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def policy(self, bucket: str) -> Mapping[str, object]:
        """The policy of a bucket; see `Buckets.policy`."""
        try:
            answer = self._calls.call("s3", "GetBucketPolicy", Bucket=bucket)
        except AccountError as error:
            if error.code == "NoSuchBucketPolicy":
                return {}
            raise
        return cast("Mapping[str, object]", json.loads(answer["Policy"]))

    def page(
        self, bucket: str, prefix: str, *, after: str = "", folders: bool = False
    ) -> ListedPage:
        """List files; see `Buckets.page`."""
        return self._pages.page(bucket, prefix, after=after, folders=folders)

    def kms_key(self, bucket: str, key: str) -> str | None:
        """The key that a file is encrypted with; see `Buckets.kms_key`."""
        found = self._calls.call("s3", "HeadObject", Bucket=bucket, Key=key).get("SSEKMSKeyId")
        return None if found is None else str(found)
