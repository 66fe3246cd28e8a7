"""A token that is kept, shared by threads, and fetched again in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    ForwarderError,
    PlatformUnavailableError,
)
from capture_forwarder.core.ports import Clock, Secret

_USED_SHARE = 0.8
_FETCH_AGAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Token:
    """A token, and how many seconds it is good for."""

    text: str
    seconds: float


class KeptToken:
    """A token that several threads share, so that one of them fetches it for all.

    While the source is down, the token is used for the rest of its time. A thread that waited
    for another's fetch shares its failure too: else each would wait for the source in turn.

    Parameters
    ----------
    fetch
        Gets a token.
    clock
        Tells when 80 % of a token's time are over, and another is fetched.
    """

    def __init__(self, fetch: Callable[[], Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._due = 0.0
        self._end = 0.0
        self._fetches = 0
        self._failure: ForwarderError | None = None

    def value(self, refused: str | None) -> str:
        """Return a token that should be good; never `refused`, if another can be had."""
        fetches = self._fetches
        with self._lock:
            if refused is not None and refused == self._token:
                self._token = ""
            if self._token and self._clock.monotonic() < self._due:
                return self._token
            if self._fetches != fetches and self._failure is not None:
                raise self._failure
            self._failure = None
            try:
                self._renew()
            except ForwarderError as error:
                self._failure = error
                raise
            finally:
                self._fetches += 1
            return self._token

    def _renew(self) -> None:
        asked = self._clock.monotonic()
        try:
            token = self._fetch()
        except PlatformUnavailableError:
            if not self._token or asked >= self._end:
                raise
            self._due = min(self._end, asked + _FETCH_AGAIN_SECONDS)
            return
        self._token = token.text
        self._due = asked + _USED_SHARE * token.seconds
        self._end = asked + token.seconds


def with_fresh_secret(secret: Secret, fetch: Callable[[str], Token]) -> Token:
    """Fetch with the secret at hand and, if that is refused, with the one that is stored now."""
    kept = secret.value()
    try:
        return fetch(kept)
    except CredentialsRefusedError:
        fresh = secret.value(fresh=True)
        if fresh == kept:
            raise
        return fetch(fresh)
