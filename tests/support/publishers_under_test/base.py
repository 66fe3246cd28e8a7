"""What a test has to know of a platform: how to run it, how rows get there, how it can fail.

To put a new publisher under test, write one subclass and name it in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults, KeptSecret
from tests.support.platforms.faults import (
    LOGIN_PAGE,
    Fault,
    Reset,
    Status,
    Truncated,
)
from tests.support.platforms.platform_server import PlatformServer
from tests.support.platforms.server import Row

PLANTED = "planted-in-a-row"
"""What rows and the platform's own words hold, and no log and no message may."""

TOKENS = "loopback-"
"""What every token, key and password of the loopback platforms begins with."""

_QUOTE = f"{PLANTED} {TOKENS}token"

Cause = Callable[[Any], None]
"""Makes the next requests of a `PublisherUnderTest` fail, until it is mended."""


class PublisherUnderTest(ABC):
    """One platform, running for the length of a `with` block inside moto's AWS.

    Attributes
    ----------
    name
        What settings call it.
    replaces
        Whether rows that are sent again take the place of the first ones.
    secret
        The variable with its secret; empty if it takes none.
    unavailable, credentials_refused, misconfigured
        What it can suffer, by the error that this must become. A cause named `... stored` has the
        rows stored all the same.
    labels
        The columns that labels fill, where it takes labels in place of inferences.
    inputs
        The input columns that go with them.
    conversations
        Whether it takes calls of a language model in place of rows.
    """

    labels: ClassVar[tuple[str, ...]] = ()
    inputs: ClassVar[tuple[str, ...]] = ()
    conversations: ClassVar[bool] = False
    name: ClassVar[PublisherName]
    replaces: ClassVar[bool] = False
    secret: ClassVar[str] = ""
    unavailable: ClassVar[Mapping[str, Cause]] = {}
    credentials_refused: ClassVar[Mapping[str, Cause]] = {}
    misconfigured: ClassVar[Mapping[str, Cause]] = {}

    def __init__(self, folder: Path, aws: AwsFaults) -> None:
        self.folder = folder
        self.aws = aws

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    @abstractmethod
    def own_variables(self, url: str) -> dict[str, str]:
        """Its settings without the secret; `url` is where it answers, if it does."""

    @property
    @abstractmethod
    def stored(self) -> list[tuple[str, Row]]:
        """The id and the columns of every row that took effect, as often as it did."""

    @property
    @abstractmethod
    def tries(self) -> int:
        """How many requests with rows have been made."""

    @abstractmethod
    def mend(self) -> None:
        """End whatever it suffers."""

    def variables(self, url: str = "") -> dict[str, str]:
        """Its settings; what secret there is lies in Secrets Manager."""
        variables = {"FORWARDER_PUBLISHER": self.name.value, **self.own_variables(url)}
        if self.secret:
            self._kept = KeptSecret(self.secret, self.credential)
            variables[f"{self.secret}_SECRET_ARN"] = self._kept.arn
        return variables

    @property
    def credential(self) -> str:
        """What is accepted as its secret now."""
        raise LookupError(f"{self.name} has no secret")

    def expire(self) -> None:
        """Accept only another secret, and none of the tokens that were given out."""
        raise LookupError(f"{self.name} has no secret")

    def renew(self) -> None:
        """Put the secret that is accepted where the function finds it."""
        self._kept.put(self.credential)

    def delay_outcomes(self) -> None:  # noqa: B027 - most have none
        """Where rows are stored after they were accepted: never say whether they are."""


def _meets(fault: Fault) -> Cause:
    return lambda here: here.server.fail_when(lambda request: bool(request.publish_number), fault)


HTTP_FAULTS: dict[str, tuple[Fault, bool]] = {
    "429": (Status(429, _QUOTE), False),
    "429 with Retry-After": (Status(429, _QUOTE, retry_after=2), False),
    "500": (Status(500, _QUOTE), False),
    "503": (Status(503, _QUOTE), False),
    "503 from a proxy": (Status(503, _QUOTE, body="html"), False),
    "reset before storing": (Reset(stored=False), False),
    "reset after storing": (Reset(stored=True), True),
    "truncated answer": (Truncated(), True),
    "200 with HTML": (LOGIN_PAGE, False),
}
"""What a platform may do that passes, and whether it has stored the rows when it does so."""


class OverHttp(PublisherUnderTest):
    """A platform with a loopback server.

    Attributes
    ----------
    server
        The server.
    says
        A part of what it says of a row that it refuses.
    failures_that_refuse
        Statuses that pass elsewhere, and that its protocol takes for refusals.
    """

    says: ClassVar[str]
    failures_that_refuse: ClassVar[frozenset[int]] = frozenset()
    unavailable: ClassVar[Mapping[str, Cause]] = {
        name: _meets(fault) for name, (fault, _) in HTTP_FAULTS.items()
    }
    credentials_refused: ClassVar[Mapping[str, Cause]] = {"401": _meets(Status(401, _QUOTE))}
    misconfigured: ClassVar[Mapping[str, Cause]] = {
        str(code): _meets(Status(code, _QUOTE)) for code in (301, 402, 403, 404, 405, 409, 501)
    }

    server: PlatformServer

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, traceback)

    @property
    def tries(self) -> int:
        return len(self.server.publish_requests)

    def mend(self) -> None:
        self.server.faults.clear()

    def refuse(self, refused: Callable[[str], bool], status: int) -> None:
        """Refuse the inferences of such ids, in the way the platform refuses."""
        self.server.refuse_ids(refused, status)


def answers(**faults: Fault) -> Mapping[str, Cause]:
    """Name further answers that a server may give to a request with rows."""
    return {name.replace("_", " "): _meets(fault) for name, fault in faults.items()}
