"""The files of a quarantine in a local folder: listed, read, rewritten, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capture_forwarder.core.errors import QuarantineError, UsageError
from capture_forwarder.local.listing import where_it_was_looked_for
from capture_forwarder.local.whole_file import write_whole_file

_SUFFIX = ".jsonl"


class FolderQuarantineFiles:
    """The quarantine files below a folder, or one such file.

    Changing a file is bound to the revision that was read, so that what another program writes in
    the meantime is not overwritten or deleted.

    Parameters
    ----------
    root
        The folder or file.

    Raises
    ------
    UsageError
        It does not exist.
    """

    def __init__(self, root: Path) -> None:
        if not root.exists():
            advice = where_it_was_looked_for(root)
            raise UsageError(f"{root}: there is no such file or folder.", advice)
        self._root = root

    def names(self) -> list[tuple[str, int]]:
        """List the files; see `QuarantineFiles.names`."""
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
        with _errors(name, "rewritten"):
            write_whole_file(path, data, before_replacing=lambda: _check(path, revision))

    def remove(self, name: str, revision: str) -> None:
        """Delete a file, and the folders that are empty then."""
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
                break  # something else is in it


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
        raise QuarantineError(message, "Check its permissions and the disk.") from error
