"""Texts in files."""

from __future__ import annotations

from pathlib import Path

from capture_forwarder.core.errors import SettingsError


def read_file_text(path: str) -> str:
    """Read the text of a file.

    Raises
    ------
    SettingsError
        It does not exist, may not be read or is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror}"
        raise SettingsError([f"{problem}; check the path and the file's permissions"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{path}: cannot be read: it is not UTF-8; save it as UTF-8"]
        ) from error
