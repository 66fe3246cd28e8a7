"""A place → the newest capture files there, endpoint by endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import find_folders, newest_files
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.core.ports.operator import Buckets, StoredFile


@dataclass(frozen=True)
class Captures:
    """The capture files of a place.

    Parameters
    ----------
    place
        The place, as it was named.
    bucket
        The bucket; None if the files are in a folder.
    base
        How the keys of all of them begin: the folder that was named, with a slash at its end.
    files
        The newest files of each endpoint's variant, or of each other folder.
    store
        Where to read them from.
    """

    place: str
    bucket: str | None
    base: str
    files: tuple[FoundFile, ...]
    store: ObjectStore


def captures_in_bucket(
    buckets: Buckets, bucket: str, prefix: str, limit: int
) -> tuple[str, list[FoundFile]]:
    """Find the newest capture files in a bucket, without listing all of it.

    Parameters
    ----------
    buckets
        Lists the bucket.
    bucket, prefix
        Where to look: a folder, or one file.
    limit
        The most files of each endpoint's variant.

    Returns
    -------
    tuple
        The folder that was looked at, with a slash at its end, and the files.

    Raises
    ------
    AccountError
        The bucket cannot be listed.
    """
    if prefix and not prefix.endswith("/"):
        named = [file for file in buckets.page(bucket, prefix).files if file.key == prefix]
        if named:
            folder, slash, _ = prefix.rpartition("/")
            return f"{folder}{slash}", [_found(bucket, named[0])]
        prefix = f"{prefix}/"
    files = [
        file
        for folder in find_folders(buckets, bucket, prefix)
        for file in newest_files(buckets, bucket, folder, limit)
    ]
    if not files:  # of another layout, or of some hours alone
        files = [file for file in buckets.page(bucket, prefix).files if not file.key.endswith("/")]
    return prefix, newest_of_each((_found(bucket, file) for file in files), limit)


def newest_of_each(found: Iterable[FoundFile], limit: int) -> list[FoundFile]:
    """Keep the last files of each endpoint's variant, or of each other folder.

    Parameters
    ----------
    found
        Files in the order of their names, which is that of their hours.
    limit
        The most files to keep of each.
    """
    groups: dict[object, list[FoundFile]] = {}
    for file in found:
        one = file.capture_file
        folder = one.folder or one.key.rpartition("/")[0]
        key = (one.endpoint, one.variant) if one.endpoint else folder
        groups.setdefault(key, []).append(file)
    return [file for files in groups.values() for file in files[-limit:]]


def _found(bucket: str, file: StoredFile) -> FoundFile:
    capture_file = CaptureFile(bucket, file.key)
    return FoundFile(capture_file, str(capture_file), file.size)
