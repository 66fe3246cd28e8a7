"""How far a backfill is: kept after each page, so that it goes on where it broke off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from capture_forwarder.core.errors import UsageError


@dataclass(frozen=True)
class Progress:
    """How far a backfill is.

    Parameters
    ----------
    folder
        The folder that is worked on, as an address; those before it are done.
    after
        The last key that is done there.
    sent, passed_over
        How many files were sent, and how many the route does not take.
    done
        Whether all is sent.
    """

    folder: str = ""
    after: str = ""
    sent: int = 0
    passed_over: int = 0
    done: bool = False


class ProgressFile(Protocol):
    """Where the progress is kept."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    def read(self) -> str | None:
        """Its text; None if it is not there.

        Raises
        ------
        UsageError
            It cannot be read.
        """
        ...

    def write(self, text: str) -> None:
        """Replace it, whole or not at all.

        Raises
        ------
        UsageError
            It cannot be written.
        """
        ...


def read_progress(file: ProgressFile, selection: Mapping[str, object]) -> Progress:
    """Read how far a backfill is; at its beginning if there is no file.

    Parameters
    ----------
    file
        Where it is kept.
    selection
        What is sent now.

    Raises
    ------
    UsageError
        The file is not one of a backfill, or of one that sends something else.
    """
    text = file.read()
    if text is None:
        return Progress()
    try:
        document = json.loads(text)
        found = Progress(**document["progress"])
        other = document["selection"]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{file.name} is not the progress of a backfill.", "Name another by --progress."
        ) from error
    if other != selection:
        differs = [name for name in selection if other.get(name) != selection[name]]
        raise UsageError(
            f"{file.name} is the progress of a backfill with another {', '.join(differs)}.",
            "Give the same options to go on with that one, or name another file by --progress.",
        )
    return found


def write_progress(file: ProgressFile, selection: Mapping[str, object], progress: Progress) -> None:
    """Keep how far a backfill is.

    Raises
    ------
    UsageError
        It cannot be kept.
    """
    document = {"selection": selection, "progress": vars(progress)}
    file.write(json.dumps(document, indent=2))
