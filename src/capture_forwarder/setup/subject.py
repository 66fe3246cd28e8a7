"""What the checks are about: a stack, and what several of them have to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TypeVar, cast

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import find_folders, pages_between
from capture_forwarder.core.deployment import Endpoint, FunctionState, RuleState, Stack
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.core.ports.operator import (
    Buckets,
    Deployment,
    Endpoints,
    Notifications,
    StoredFile,
    Watching,
)
from capture_forwarder.settings import RouteSettings, Settings, load
from capture_forwarder.settings.routes_file import parse_routes

_MOST_PAGES = 1000
HOURS = 24
"""How far checks look back."""

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Folder:
    """The captures of an endpoint's variant in the last hours.

    Parameters
    ----------
    bucket, path
        Where they are; the path ends with a slash.
    count
        How many files there are.
    whole
        Whether these are all; beyond a million, counting stops.
    newest
        The newest of them, oldest first.
    """

    bucket: str
    path: str
    count: int
    whole: bool
    newest: tuple[StoredFile, ...]

    @property
    def files(self) -> tuple[CaptureFile, ...]:
        """The newest files."""
        return tuple(CaptureFile(self.bucket, file.key) for file in self.newest)


@dataclass(frozen=True)
class Account:
    """The ports on AWS, together."""

    deployment: Deployment
    buckets: Buckets
    endpoints: Endpoints
    watching: Watching
    store: ObjectStore


class Subject:
    """A stack as the checks see it; what several of them ask for is asked once.

    What AWS refuses is asked again by each check, so that each says what it could not find out.

    Parameters
    ----------
    account
        AWS.
    stack
        The stack.
    now
        The time.
    hours
        How many full hours before this one are looked at.
    """

    def __init__(self, account: Account, stack: Stack, now: datetime, hours: int = HOURS) -> None:
        self.account = account
        self.stack = stack
        self.now = now
        self.since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)

        self._known: dict[str, object] = {}

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """Make something the first time, and give the same again after that."""
        if name not in self._known:
            self._known[name] = make()
        return cast("_Made", self._known[name])

    def resource(self, name: str) -> str:
        """The physical id of a resource; empty if the stack has none of that name."""
        return self.stack.resources.get(name, "")

    @cached_property
    def function(self) -> FunctionState:
        """The function."""
        return self.account.deployment.function(self.resource("ForwarderFunction"))

    @cached_property
    def rule(self) -> RuleState:
        """The rule that announces new files."""
        name = self.resource("CaptureRule")
        bus = self.stack.source.partition(":event-bus/")[2]
        # The id of a rule of another bus may hold the bus: BUS|RULE.
        return self.account.deployment.rule(f"{bus}|{name}" if bus and "|" not in name else name)

    @cached_property
    def settings(self) -> Settings:
        """The function's settings.

        Raises
        ------
        SettingsError
            They are wrong.
        """
        return load(self.function.environment)

    @cached_property
    def routes(self) -> Sequence[RouteSettings]:
        """The function's routes.

        Raises
        ------
        SettingsError
            The settings or the routes are wrong.
        """
        address = self.settings.routes_file
        if address is None:
            return (self.settings.route,) if self.settings.route else ()
        return parse_routes(self.account.deployment.text(address), address)

    @cached_property
    def endpoints(self) -> Sequence[Endpoint]:
        """All endpoints of the region."""
        found = self.account.endpoints
        return [found.endpoint(name) for name in found.names()]

    @cached_property
    def notifications(self) -> dict[str, Notifications]:
        """Capture bucket → what it announces."""
        found = self.account.buckets
        return {bucket: found.notifications(bucket) for bucket in self.stack.buckets}

    @cached_property
    def folders(self) -> Sequence[Folder]:
        """Where captures are, and how many came in the last hours."""
        return [
            self._folder(bucket, path)
            for bucket in self.stack.buckets
            for path in find_folders(self.account.buckets, bucket, self.stack.prefix)
        ]

    def _folder(self, bucket: str, path: str) -> Folder:
        count, newest, whole = 0, tuple[StoredFile, ...](), True
        pages = pages_between(self.account.buckets, bucket, path, self.since)
        for page in islice(pages, _MOST_PAGES):
            files = tuple(file for file in page.files if file.key.endswith(".jsonl"))
            count += len(files)
            newest = (*newest, *files)[-3:]
            whole = not page.more
        return Folder(bucket, path, count, whole, newest)

    def newest_file(self) -> CaptureFile | None:
        """The newest capture file of the last day; None if there is none."""
        found = [(file.written, folder.bucket, file.key) for folder, file in self._newest()]
        return CaptureFile(*max(found)[1:]) if found else None

    def _newest(self) -> Iterator[tuple[Folder, StoredFile]]:
        return ((folder, file) for folder in self.folders for file in folder.newest)

    def captures_here(self, endpoint: Endpoint) -> bool:
        """Whether the files of an endpoint's Data Capture are what the stack forwards."""
        capture = endpoint.capture
        if capture is None or capture.bucket not in self.stack.buckets:
            return False
        folder, prefix = f"{capture.prefix}{endpoint.name}/", self.stack.prefix
        return folder.startswith(prefix) or prefix.startswith(folder)

    def folder_of(self, endpoint: str, variant: str) -> list[Folder]:
        """The folders of an endpoint's variant."""
        end = f"{endpoint}/{variant}/"
        return [one for one in self.folders if f"/{one.path}".endswith(f"/{end}")]
