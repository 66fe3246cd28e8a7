"""How a request to a platform behind AWS is signed."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Protocol, TypeVar


class PreparedRequest(Protocol):
    """What signing needs of a `requests.PreparedRequest`."""

    url: str | None

    @property
    def method(self) -> str | None:
        """The HTTP method."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers; their names are case-insensitive."""

    @property
    def body(self) -> bytes | str | None:
        """The body as it will be sent."""


Request = TypeVar("Request", bound=PreparedRequest)


class SignRequest(Protocol):
    """Signs a request in place, and returns it."""

    def __call__(self, request: Request, /) -> Request:
        """Sign the request.

        Raises
        ------
        PublisherMisconfiguredError
            There are no credentials to sign with.
        PlatformUnavailableError
            The credentials could not be read this time.
        """
        ...
