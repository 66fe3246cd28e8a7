"""Files of rows in a folder."""

from __future__ import annotations

import errno
from pathlib import Path

from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.local.whole_file import write_whole_file

# These stay until somebody changes something.
_PERMANENT = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
)


class FolderPartFiles:
    """Files of rows below a folder.

    Parameters
    ----------
    root
        The folder; made when it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, data: bytes) -> None:
        """Store a file; see `PartFiles.put`. Readers see the old file or all of the new one.

        Raises
        ------
        PlatformUnavailableError
            The disk is full, or fails for now.
        PublisherMisconfiguredError
            The folder cannot hold the file, or may not be written to.
        """
        try:
            write_whole_file(self._root / name, data)
        except OSError as error:
            message = f"Rows cannot be written below {self._root}: {error.strerror}."
            advice = "Check FORWARDER_FILES, the folder's permissions and its disk."
            if error.errno in _PERMANENT:
                raise PublisherMisconfiguredError(message, advice) from error
            raise PlatformUnavailableError(message, advice) from error
