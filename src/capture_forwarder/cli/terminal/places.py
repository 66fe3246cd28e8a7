"""What the user names on the command line → capture objects and where to read them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.local.objects import FolderObjectStore

_S3 = "s3://"
_SUFFIXES = (".jsonl", ".gz")
_LOCAL = "local"


@dataclass(frozen=True)
class Found:
    """A capture file, with the name that the user knows it by and its size."""

    capture_file: CaptureFile
    name: str
    size: int

    def rename(self, text: str) -> str:
        """Replace the object's name in a message by the name that the user gave."""
        return text.replace(str(self.capture_file), self.name)


def find(places: Sequence[str], outputs: Sequence[str] = ()) -> tuple[list[Found], ObjectStore]:
    """Find the capture files that places name.

    Parameters
    ----------
    places
        Files, folders or S3 addresses; not local ones and S3 mixed.
    outputs
        Folders that are never taken as input: the quarantine, and those that routes write to.

    Raises
    ------
    UsageError
        A place does not exist or holds no capture files.
    CaptureFileError
        S3 cannot be listed.
    """
    remote = [place for place in places if place.startswith(_S3)]
    if remote and len(remote) != len(places):
        raise UsageError("Name either local places or S3 addresses, not both at once.")
    found: dict[CaptureFile, Found] = {}
    kept_out = [Path(place).absolute() for place in outputs if not place.startswith(_S3)]
    for place in places:
        files = list(_in_s3(place) if remote else _local(place, kept_out))
        if not files:
            raise UsageError(f"{place} holds no capture files{_expected(place)}.")
        found.update((file.capture_file, file) for file in files)
    return list(found.values()), _s3_store() if remote else FolderObjectStore(Path("/"))


def _local(place: str, kept_out: Sequence[Path]) -> Iterator[Found]:
    path = Path(place)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.endswith(_SUFFIXES) and not _folder_of(file, kept_out):
                yield _found(file)
    elif not path.exists():
        raise UsageError(f"{place}: there is no such file or folder.")
    elif folder := _folder_of(path, kept_out):
        raise UsageError(f"{place} lies in {folder}, an output that is never taken as input.")
    else:
        yield _found(path)


def _found(path: Path) -> Found:
    # The whole path is the key, so that endpoint and variant are found in it as in S3.
    key = os.path.abspath(path).lstrip("/")  # noqa: PTH100 - resolves `..` but no links
    return Found(CaptureFile(_LOCAL, key), str(path), path.stat().st_size)


def _folder_of(path: Path, folders: Sequence[Path]) -> Path | None:
    return next((one for one in folders if path.absolute().is_relative_to(one)), None)


def _in_s3(place: str) -> Iterator[Found]:
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.listing import list_objects  # noqa: PLC0415

    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    if not bucket:
        raise UsageError(f"{place} names no bucket; write s3://bucket/prefix.")
    for capture_file, size in list_objects(s3_client, bucket, prefix):
        yield Found(capture_file, str(capture_file), size)


def _s3_store() -> ObjectStore:
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.objects import S3ObjectStore  # noqa: PLC0415

    return S3ObjectStore(s3_client())


def _expected(place: str) -> str:
    return "" if place.startswith(_S3) else " (*.jsonl, *.jsonl.gz, *.gz)"
