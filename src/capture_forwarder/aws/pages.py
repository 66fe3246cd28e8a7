"""Files in S3, page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from capture_forwarder.aws.account_errors import account_error
from capture_forwarder.aws.errors import AWS_ERRORS
from capture_forwarder.core.ports.operator import ListedPage, StoredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestTypeDef

# The function's package leaves dates out of the answers, since the function reads none.
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


class S3Pages:
    """Lists files in S3; see `Pages`.

    Parameters
    ----------
    make_client
        Makes an S3 client.
    quote
        Whether errors show AWS's own words; see `account_error`.
    """

    def __init__(self, make_client: Callable[[], S3Client], *, quote: bool = True) -> None:
        self._client = cache(make_client)
        self._quote = quote

    def page(
        self, bucket: str, prefix: str, *, after: str = "", folders: bool = False
    ) -> ListedPage:
        """List files; see `Pages.page`."""
        asked: ListObjectsV2RequestTypeDef = {"Bucket": bucket, "Prefix": prefix}
        if after:
            asked["StartAfter"] = after
        if folders:
            asked["Delimiter"] = "/"
        try:
            answer = self._client().list_objects_v2(**asked)
        except AWS_ERRORS as error:
            raise account_error("s3", "ListObjectsV2", error, quote=self._quote) from error
        files = tuple(
            StoredFile(found["Key"], found["Size"], found.get("LastModified", _UNDATED))
            for found in answer.get("Contents", [])
        )
        below = tuple(found["Prefix"] for found in answer.get("CommonPrefixes", []))
        return ListedPage(files, below, more=bool(answer.get("IsTruncated")))
