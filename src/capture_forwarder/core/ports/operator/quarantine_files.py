"""The files of a quarantine, for whoever looks at them and sends their entries again."""

from __future__ import annotations

from typing import Protocol


class QuarantineFiles(Protocol):
    """The files of a quarantine.

    A file is known by the name that `names` gives it: its path, or its address in S3.
    """

    def names(self) -> list[tuple[str, int]]:
        """List the files, each with its size in bytes.

        Raises
        ------
        ForwarderError
            They cannot be listed.
        """
        ...

    def read(self, name: str) -> tuple[bytes, str]:
        """Read a file; return its bytes and its revision.

        Raises
        ------
        QuarantineError
            It cannot be read.
        """
        ...

    def replace(self, name: str, data: bytes, revision: str) -> None:
        """Write a file anew, unless it no longer has this revision.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be written.
        """
        ...

    def remove(self, name: str, revision: str) -> None:
        """Delete a file, unless it no longer has this revision.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be deleted.
        """
        ...
