"""Folders of baselines and executions: on this machine, or in S3 with a copy here meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from capture_forwarder.core.errors import FileStoreError, UsageError
from capture_forwarder.core.ports import FileStore
from capture_forwarder.monitor.executions.folder import CONSTRAINTS, STATISTICS
from capture_forwarder.monitor.executions.stored import copy_named, write_folder

S3 = "s3://"


class Place(msgspec.Struct, frozen=True):
    """A folder to work in, and the address that its user knows it by."""

    folder: Path
    address: str

    def address_of(self, path: Path) -> str:
        """The address of what is in the folder."""
        if not self.address.startswith(S3):
            return str(path)
        return "/".join([self.address.rstrip("/"), *path.relative_to(self.folder).parts])


def files_at(address: str) -> FileStore:
    """Make the store of the files at an S3 address.

    Raises
    ------
    UsageError
        The address has no bucket.
    FileStoreError
        No client can be made.
    """
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.errors import AWS_ERRORS, read_error  # noqa: PLC0415
    from capture_forwarder.aws.file_store import S3FileStore  # noqa: PLC0415

    if not address.removeprefix(S3).partition("/")[0]:
        raise UsageError(f"{address} has no bucket.", "Write it as s3://bucket/prefix.")
    try:
        return S3FileStore(s3_client())
    except AWS_ERRORS as error:
        message = f"{address} cannot be reached: {read_error(error).sentence}."
        raise FileStoreError(message, "Check AWS_PROFILE and AWS_REGION.") from error


@contextmanager
def baseline_place(address: str) -> Iterator[Place]:
    """Open a folder with a baseline for reading; of S3, its two files are copied.

    Raises
    ------
    UsageError, FileStoreError
        The address has no bucket, or a file cannot be read.
    """
    if not address.startswith(S3):
        yield Place(Path(address), address)
        return
    with TemporaryDirectory(prefix="capture-forwarder-") as name:
        folder = Path(name)
        copy_named(files_at(address), address.rstrip("/"), folder, {CONSTRAINTS, STATISTICS})
        yield Place(folder, address)


@contextmanager
def written_place(place: Place) -> Iterator[Place]:
    """Keep what is written into a folder: where it is in S3, all of it is stored there at the end.

    Raises
    ------
    FileStoreError
        S3 does not take a file.
    """
    if not place.address.startswith(S3):
        yield place
        return
    before = _written(place.folder)
    try:
        yield place
    finally:
        after = _written(place.folder)
        changed = [path for path in sorted(after) if after[path] != before.get(path)]
        store = files_at(place.address)
        write_folder(store, place.folder, place.address.rstrip("/"), changed)


@contextmanager
def new_place(address: str) -> Iterator[Place]:
    """Open a folder to write to, of which nothing is read; see `written_place`."""
    if not address.startswith(S3):
        yield Place(Path(address), address)
        return
    with (
        TemporaryDirectory(prefix="capture-forwarder-") as name,
        written_place(Place(Path(name), address)) as place,
    ):
        yield place


def _written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
