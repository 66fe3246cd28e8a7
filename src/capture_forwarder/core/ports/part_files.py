"""Where the files publisher writes its files."""

from __future__ import annotations

from typing import Protocol


class PartFiles(Protocol):
    """The files of rows below one address."""

    def put(self, name: str, data: bytes) -> None:
        """Store a whole file, replacing one of that name; once this returns, it is safe.

        May be called from several threads at once.

        Parameters
        ----------
        name
            A path below the address, with slashes.
        data
            The file's content.

        Raises
        ------
        PublishError
            The file may not have been stored; see `Publisher.publish`.
        """
        ...
