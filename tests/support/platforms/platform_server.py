"""What every loopback platform has in common: inferences have ids, and some can be refused."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from .server import Json, LoopbackServer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class RefusedError(Exception):
    """The platform refuses a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class PlatformServer(LoopbackServer):
    """A loopback server that takes inferences, whichever platform it speaks for.

    Attributes
    ----------
    byte_limit
        A publish request with a larger body is answered 413; no limit if ``None``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.byte_limit: int | None = None
        self._refused_ids: tuple[Callable[[str], bool], int] | None = None

    @property
    @abstractmethod
    def published_ids(self) -> list[str]:
        """The ids of the inferences that took effect, in order; repeated if stored twice."""

    @abstractmethod
    def ids_in(self, request: Request) -> list[str]:
        """Return the ids of the inferences that a publish request brought, whatever became of it.

        None if the request cannot be read.
        """

    @abstractmethod
    def handle(self, request: Request) -> Reply:
        """Answer as the platform does, or raise `RefusedError`."""

    def refuse_ids(self, refused: Callable[[str], bool] | None, status: int = 400) -> None:
        """Refuse the inferences of such ids, in the way the platform refuses.

        ``None`` refuses no id any more.
        """
        self._refused_ids = None if refused is None else (refused, status)

    def answer(self, request: Request) -> Reply:
        """Answer as the platform does, a refusal in its own form of an error."""
        try:
            return self.handle(request)
        except RefusedError as refused:
            return self.error(refused.status, refused.message)

    def refusal_of(self, ids: Iterable[str]) -> int | None:
        """Return the status with which one of `ids` is refused, if one is."""
        if self._refused_ids is None:
            return None
        refused, status = self._refused_ids
        return status if any(map(refused, ids)) else None

    def check_size(self, request: Request) -> None:
        """Refuse a body over the byte limit."""
        if self.byte_limit is not None and len(request.body) > self.byte_limit:
            raise RefusedError(413, "Request body is too large")


def read_json(request: Request) -> Json:
    """Read a body that has to be strict JSON and say so."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise RefusedError(415, "Content-Type is not application/json")
    try:
        return request.json
    except ValueError as error:
        raise RefusedError(400, "The body is not valid JSON") from error
