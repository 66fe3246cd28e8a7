"""Write a file whole or not at all, whatever happens in between."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".unfinished"
"""The suffix of a file that is being written. No reader of ours takes it for data."""

# Some network file systems cannot sync a folder; then renaming is all that can be done.
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})


def write_whole_file(
    path: Path, data: bytes, *, before_replacing: Callable[[], None] | None = None
) -> None:
    """Write a file, replacing one of that name; missing folders are made.

    The data is written under a temporary name in the same folder, synced, and then renamed, so
    that readers and later runs find either the old file or all of the new one, after a crash too.
    Once this returns, a power failure loses neither the file nor its name. A crash may leave the
    temporary file; nothing reads it, and it can be deleted.

    Parameters
    ----------
    path
        The file.
    data
        Its content.
    before_replacing
        Called once the data is on the disk, just before the old file is replaced. If it raises,
        the old file stays as it is.

    Raises
    ------
    OSError
        The file was not written; the old one is as it was.
    """
    unfinished = path.with_name(f".{uuid4().hex}{UNFINISHED}")
    _make_folder(path.parent)
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before_replacing is not None:
            before_replacing()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them safe from a power failure."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync_folder(one.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder safe from a power failure."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot open a folder
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def write_new_file(path: Path, text: str) -> None:
    """Write a file that must not be there yet, and be sure that it is on the disk.

    Raises
    ------
    FileExistsError
        There is a file of that name; it stays as it is.
    OSError
        The file could not be written.
    """
    _make_folder(path.parent)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)
