"""Archives whose bytes depend on what is in them alone, not on when or where they were made."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

_FILE = 0o100644
_MODE_SHIFT = 16


def write_zip(folder: Path, archive: Path, moment: int, only: str = "") -> None:
    """Write a folder's files into a zip archive, in the order of their names.

    Parameters
    ----------
    folder
        Whose files are taken, with those of its folders.
    archive
        What is written.
    moment
        The time that every file gets, in seconds since 1970; zip knows none before 1980.
    only
        The one folder of it that is taken, and stays a folder in the archive.
    """
    stamp = time.gmtime(moment)[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for path in sorted(path for path in (folder / only).rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the permissions count
            entry.external_attr = _FILE << _MODE_SHIFT
            written.writestr(entry, path.read_bytes())
