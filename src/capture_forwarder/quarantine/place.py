"""A quarantine as files with entries: a folder, or a prefix in S3."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from capture_forwarder.core.errors import QuarantineError, UsageError
from capture_forwarder.core.quarantine_entry import QuarantineEntry

_S3 = "s3://"
_SUFFIX = ".jsonl"
_decode = msgspec.json.Decoder(QuarantineEntry).decode


class QuarantineFiles(Protocol):
    """The files of a quarantine; their names are what the user knows them by."""

    def names(self) -> list[tuple[str, int]]:
        """Find the files; each with its size in bytes."""
        ...

    def read(self, name: str) -> tuple[bytes, str]:
        """Read a file; return its bytes and its revision."""
        ...

    def replace(self, name: str, data: bytes, revision: str) -> None:
        """Write a file anew, unless it is no longer of this revision."""
        ...

    def remove(self, name: str, revision: str) -> None:
        """Delete a file, unless it is no longer of this revision."""
        ...


@dataclass(frozen=True)
class Kept:
    """An entry and the bytes that it stands in its file with."""

    entry: QuarantineEntry
    raw: bytes


def open_place(place: str) -> QuarantineFiles:
    """Look at a place that the user names.

    Raises
    ------
    UsageError
        It cannot be a quarantine.
    """
    if not place.startswith(_S3):
        return FolderFiles(Path(place))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.quarantine_files import S3QuarantineFiles  # noqa: PLC0415

    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    if not bucket or not prefix.strip("/"):
        raise UsageError(f"{place} names no prefix; write s3://bucket/prefix.")
    return S3QuarantineFiles(s3_client, bucket, prefix)


class FolderFiles:
    """The quarantine files below a folder, or one of them.

    Parameters
    ----------
    root
        The folder or file.

    Raises
    ------
    UsageError
        There is none.
    """

    def __init__(self, root: Path) -> None:
        if not root.exists():
            raise UsageError(f"{root}: there is no such file or folder.")
        self._root = root

    def names(self) -> list[tuple[str, int]]:
        """Find the files; see `QuarantineFiles.names`."""
        if self._root.is_file():
            return [(str(self._root), self._root.stat().st_size)]
        # Folders in it are called like the capture files.
        found = sorted(path for path in self._root.rglob(f"*{_SUFFIX}") if path.is_file())
        return [(str(path), path.stat().st_size) for path in found]

    def read(self, name: str) -> tuple[bytes, str]:
        """Read a file; see `QuarantineFiles.read`."""
        path = Path(name)
        with _errors(name, "read"):
            revision = _revision(path)
            return path.read_bytes(), revision

    def replace(self, name: str, data: bytes, revision: str) -> None:
        """Write a file anew; a crash leaves the old one or the new one, whole."""
        path = Path(name)
        new = path.with_name(f"{path.name}.new")
        with _errors(name, "rewritten"):
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _check(path, revision)
            new.replace(path)

    def remove(self, name: str, revision: str) -> None:
        """Delete a file and the folders that become empty by it."""
        path = Path(name)
        with _errors(name, "deleted"):
            _check(path, revision)
            path.unlink()
        for folder in path.parents:
            if folder == self._root or self._root not in folder.parents:
                break
            try:
                folder.rmdir()
            except OSError:
                break  # something else lies in it


def read_entries(name: str, data: bytes) -> list[Kept]:
    """Read the entries of a quarantine file.

    Raises
    ------
    QuarantineError
        Some of it is no entry.
    """
    kept = []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            kept.append(Kept(_decode(raw), raw))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            message = f"{name} is no quarantine file: line {number} holds no entry."
            raise QuarantineError(message, "It is left as it is.") from error
    return kept


def write_entries(raws: Sequence[bytes]) -> bytes:
    """Put entries, as they stand in a file, together again."""
    return b"".join(raw + b"\n" for raw in raws)


def line_of(entry: QuarantineEntry) -> bytes:
    """The captured line, byte for byte.

    Raises
    ------
    QuarantineError
        The entry says that it is base64, and it is not.
    """
    if entry.encoding != "base64":
        return entry.line.encode()
    try:
        return base64.b64decode(entry.line, validate=True)
    except ValueError as error:
        where = f"line {entry.line_number} of s3://{entry.bucket}/{entry.key}"
        raise QuarantineError(f"The entry of {where} is damaged: its line is no base64.") from error


def is_cut(entry: QuarantineEntry, line: bytes) -> bool:
    """Whether the entry holds only the beginning of its line."""
    return entry.length > len(line)


def _revision(path: Path) -> str:
    facts = path.stat()
    return f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns}"


def _check(path: Path, revision: str) -> None:
    if not path.exists() or _revision(path) != revision:
        raise QuarantineError(
            f"{path} was changed by somebody else and is left as it is.",
            "What was delivered from it may be sent again, with the same ids.",
        )


@contextmanager
def _errors(name: str, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{name} cannot be {done}: {error.strerror}."
        raise QuarantineError(message, "Look at its rights and the disk.") from error
