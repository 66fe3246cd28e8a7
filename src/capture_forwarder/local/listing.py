"""The capture files below a local folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile

SUFFIXES = (".jsonl", ".gz")
"""How the names of capture files end; a file that is named in full may end otherwise."""

_MISTYPED_S3 = re.compile(r"s3:/+", re.IGNORECASE)

BUCKET = "local"
"""The bucket of files that are in none."""


def list_files(path: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[FoundFile]:
    """Yield the files below a folder whose names end so, or the one file that the path names.

    Raises
    ------
    UsageError
        The path does not exist, or a folder there cannot be read: what is in it would be missing.
    """
    if path.is_dir():
        for file in sorted(_files_below(path)):
            if file.name.endswith(suffixes) and file.is_file():
                yield _found(file)
    elif path.exists():
        yield _found(path)
    else:
        raise UsageError(f"{path}: there is no such file or folder.", where_it_was_looked_for(path))


def where_it_was_looked_for(path: Path) -> str:
    """Help to find the mistake in a path that does not exist."""
    if found := _MISTYPED_S3.match(str(path)):
        return f"For an address in S3, write s3://{str(path)[found.end() :]}"
    return "" if path.is_absolute() else f"It was looked for in {Path.cwd()}."


def _files_below(path: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(path, onerror=_unreadable):
        yield from (Path(folder, name) for name in names)


def _unreadable(error: OSError) -> None:
    message = f"{error.filename} cannot be read: {error.strerror}."
    raise UsageError(message, "Allow reading it, or name the folders beside it.") from error


def _found(path: Path) -> FoundFile:
    # The whole path is the key, so that endpoint and variant are found in it as in S3.
    key = os.path.abspath(path).lstrip("/")  # noqa: PTH100 - resolves `..` but no links
    return FoundFile(CaptureFile(BUCKET, key), str(path), path.stat().st_size)
