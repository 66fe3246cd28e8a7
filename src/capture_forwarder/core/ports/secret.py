"""Tokens, keys and passwords."""

from __future__ import annotations

from typing import Protocol


class Secret(Protocol):
    """A token that may change while the function runs."""

    def value(self, *, fresh: bool = False) -> str:
        """The token; with `fresh`, read from its source even if a copy is at hand.

        Raises
        ------
        SettingsError
            The source does not hold it or may not be read.
        """
        ...
