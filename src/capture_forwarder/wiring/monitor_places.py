"""Folders of baselines and executions: on this machine, or in S3 with a copy here meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from capture_forwarder.monitor.executions.folder import CONSTRAINTS, EXECUTION, STATISTICS
from capture_forwarder.wiring.capture_files import files_in_s3, store_in_s3

_S3 = "s3://"


class Place(msgspec.Struct, frozen=True):
    """A folder to work in, and the address that its user knows it by."""

    folder: Path
    address: str

    def address_of(self, path: Path) -> str:
        """The address of what is in the folder."""
        if not self.address.startswith(_S3):
            return str(path)
        return "/".join([self.address.rstrip("/"), *path.relative_to(self.folder).parts])


@contextmanager
def baseline_place(address: str) -> Iterator[Place]:
    """Open a folder with a baseline for reading; of S3, its two files are copied.

    Raises
    ------
    UsageError, CaptureFileError
        The address has no bucket, or a file cannot be read.
    """
    if not address.startswith(_S3):
        yield Place(Path(address), address)
        return
    with TemporaryDirectory(prefix="capture-forwarder-") as name:
        folder = Path(name)
        store = store_in_s3()
        for file in files_in_s3(address):
            found = file.name.rpartition("/")[2]
            if found in {CONSTRAINTS, STATISTICS} and file.name == _below(address, found):
                with store.open(file.capture_file) as opened:
                    (folder / found).write_bytes(opened.stream.read())
        yield Place(folder, address)


@contextmanager
def written_place(place: Place) -> Iterator[Place]:
    """Keep what is written into a folder: where it is in S3, all of it is stored there at the end.

    Raises
    ------
    PublishError
        S3 does not take a file.
    """
    if not place.address.startswith(_S3):
        yield place
        return
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.parts import S3PartFiles  # noqa: PLC0415

    bucket, _, prefix = place.address.removeprefix(_S3).partition("/")
    before = _written(place.folder)
    try:
        yield place
    finally:
        files = S3PartFiles(s3_client(), bucket, prefix)
        after = _written(place.folder)
        changed = [path for path in sorted(after) if after[path] != before.get(path)]
        # The last one says that all others are there.
        for path in sorted(changed, key=lambda path: path.name == EXECUTION):
            files.put(path.relative_to(place.folder).as_posix(), path.read_bytes())


@contextmanager
def new_place(address: str) -> Iterator[Place]:
    """Open a folder to write to, of which nothing is read; see `written_place`."""
    if not address.startswith(_S3):
        yield Place(Path(address), address)
        return
    with (
        TemporaryDirectory(prefix="capture-forwarder-") as name,
        written_place(Place(Path(name), address)) as place,
    ):
        yield place


def _below(address: str, name: str) -> str:
    return f"{address.rstrip('/')}/{name}"


def _written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
