"""A token given in the settings themselves."""

from __future__ import annotations


class FixedSecret:
    """A token that the settings hold, so that there is nothing fresher to read."""

    def __init__(self, token: str) -> None:
        self._token = token

    def value(self, *, fresh: bool = False) -> str:
        """Return the token; see `Secret.value`."""
        del fresh
        return self._token

    def __repr__(self) -> str:
        return "FixedSecret(***)"
