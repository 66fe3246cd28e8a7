"""Where captures are in a bucket: the folder of each endpoint's variant, and its hours.

SageMaker writes `{prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/{file}` in UTC, so that the order of
the keys below a variant is the order in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from capture_forwarder.core.ports.operator.buckets import Buckets, ListedPage, Pages, StoredFile

_YEAR = re.compile(r"/?(?:19|20)\d\d/$")
_DEEPEST = 12
_LEVELS = 4  # year, month, day and hour
_HOUR = timedelta(hours=1)


def find_folders(buckets: Pages, bucket: str, prefix: str) -> Iterator[str]:
    """Find the folders that have the hours of captures in them, in the order of their names.

    Parameters
    ----------
    buckets
        Lists the bucket; one request for each folder on the way, and 1,000 of its entries.
    bucket, prefix
        Where to look; the prefix may end within a name.

    Yields
    ------
    str
        `.../{endpoint}/{variant}/`, with the slash.

    Raises
    ------
    AccountError
        The bucket cannot be listed.
    """
    yield from _below(buckets, bucket, prefix, 0)


def _below(buckets: Pages, bucket: str, prefix: str, depth: int) -> Iterator[str]:
    years = False
    for folder in _children(buckets, bucket, prefix):
        if _YEAR.fullmatch(folder[len(prefix) :]):
            years = True
        elif depth < _DEEPEST:
            yield from _below(buckets, bucket, folder, depth + 1)
    if years:
        yield prefix


def _children(buckets: Pages, bucket: str, prefix: str) -> Iterator[str]:
    after = ""
    while True:
        page = buckets.page(bucket, prefix, after=after, folders=True)
        yield from page.folders
        if not page.more:
            return
        # Behind everything in the last folder: `0` is the sign behind the slash.
        ends = [f"{folder[:-1]}0" for folder in page.folders[-1:]]
        after = max([*ends, *(file.key for file in page.files[-1:])])


def pages_between(  # noqa: PLR0913 - where, and from when to when
    buckets: Pages,
    bucket: str,
    folder: str,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    after: str = "",
) -> Iterator[ListedPage]:
    """List the files of a folder of `find_folders`, from one hour to another, page by page.

    Parameters
    ----------
    buckets
        Lists the bucket.
    bucket, folder
        Where to look.
    since, until
        The first hour that counts, and the first that no longer does; None for no bound. Both
        with their time zones; the minutes do not count.
    after
        A key to go on behind.

    Raises
    ------
    AccountError
        The bucket cannot be listed.
    """
    start = max(after, f"{folder}{hour_path(since)}/" if since else "")
    end = f"{folder}{hour_path(until)}/" if until else None
    while True:
        page = buckets.page(bucket, folder, after=start)
        files = page.files
        if end is not None:
            files = tuple(file for file in files if file.key < end)
        more = page.more and len(files) == len(page.files)
        yield ListedPage(files, more=more)
        if not more:
            return
        start = files[-1].key


def newest_files(buckets: Buckets, bucket: str, folder: str, count: int) -> list[StoredFile]:
    """Find the newest files of a folder of `find_folders`, oldest first.

    Parameters
    ----------
    buckets
        Lists the bucket: four requests, and one for each hour that is looked at, from the last.
    bucket, folder
        Where to look.
    count
        The most files; of an hour, they are among its first 1,000.

    Raises
    ------
    AccountError
        The bucket cannot be listed.
    """
    found: list[StoredFile] = []
    for hour in _from_the_end(buckets, bucket, folder, _LEVELS):
        if len(found) >= count:
            break
        files = [file for file in buckets.page(bucket, hour).files if not file.key.endswith("/")]
        found = [*files[-(count - len(found)) :], *found]
    return found


def _from_the_end(buckets: Buckets, bucket: str, folder: str, levels: int) -> Iterator[str]:
    if not levels:
        yield folder
        return
    for inner in reversed(list(_children(buckets, bucket, folder))):
        yield from _from_the_end(buckets, bucket, inner, levels - 1)


def hour_path(time: datetime) -> str:
    """The hour of a time as it stands in a key: `2026/03/01/10`."""
    return time.astimezone(UTC).strftime("%Y/%m/%d/%H")


def full_hours(
    since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Widen times to full hours, since files can be told apart by the hour in their keys alone."""
    if since is not None:
        since = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if until is not None:
        begun = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        until = begun if begun == until else begun + _HOUR
    return since, until


def is_within(hour: str, since: datetime | None, until: datetime | None) -> bool:
    """Whether the hour of a capture file is within bounds that were widened by `full_hours`.

    Parameters
    ----------
    hour
        `CaptureFile.capture_hour`.
    since, until
        The first hour that counts, and the first that no longer does; None for no bound.
    """
    time = datetime.fromisoformat(hour)
    return (since is None or time >= since) and (until is None or time < until)
