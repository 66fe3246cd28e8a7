"""Which capture files are sent: endpoint, variant, hours, route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import find_folders, pages_between
from capture_forwarder.core.ports.operator import Pages, StoredFile

_SUFFIX = ".jsonl"  # what the template's rule takes

Takes = Callable[[CaptureFile], bool]
"""Whether the route that files are for takes a file."""


@dataclass(frozen=True)
class Place:
    """Where captures are: a bucket, and how the keys begin."""

    bucket: str
    prefix: str


@dataclass(frozen=True)
class Selection:
    """Which capture files are sent.

    Parameters
    ----------
    places
        The stack's buckets and prefix.
    since, until
        The first hour that counts, and the first that no longer does; None for no bound.
    endpoint, variant
        Only those of this endpoint or variant; None for all.
    route
        The route that they are for; None for all of a file's routes.
    """

    places: tuple[Place, ...]
    since: datetime | None = None
    until: datetime | None = None
    endpoint: str | None = None
    variant: str | None = None
    route: str | None = None

    def described(self) -> dict[str, object]:
        """The selection as JSON, to know it again."""
        return {
            "places": [f"s3://{place.bucket}/{place.prefix}" for place in self.places],
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "endpoint": self.endpoint,
            "variant": self.variant,
            "route": self.route,
        }


@dataclass(frozen=True)
class Folder:
    """The folder of an endpoint's variant; the path ends with a slash."""

    bucket: str
    path: str

    @classmethod
    def at(cls, address: str) -> Folder:
        """The folder with an address."""
        bucket, _, path = address.removeprefix("s3://").partition("/")
        return cls(bucket, path)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.path}"

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        return self.path.split("/")[-3] if self.path.count("/") > 1 else ""

    @property
    def variant(self) -> str:
        """The variant's name."""
        return self.path.split("/")[-2]


@dataclass(frozen=True)
class Page:
    """Some files of a folder, in order.

    Parameters
    ----------
    folder
        Where they are.
    files
        Those that are sent.
    passed
        The keys of those that are not, since the route does not take them.
    last
        The last key that was listed; None if nothing was.
    """

    folder: Folder
    files: tuple[StoredFile, ...]
    passed: tuple[str, ...]
    last: str | None

    @property
    def passed_over(self) -> int:
        """How many files are not sent."""
        return len(self.passed)

    def cut(self, files: int) -> tuple[Page, Page | None]:
        """Cut it behind so many files; the second part is None if there are no more.

        Parameters
        ----------
        files
            How many files the first part has at most, 1 or more.
        """
        if len(self.files) <= files:
            return self, None
        last = self.files[files - 1].key
        first = Page(
            self.folder,
            self.files[:files],
            tuple(key for key in self.passed if key < last),
            last,
        )
        passed = tuple(key for key in self.passed if key > last)
        return first, Page(self.folder, self.files[files:], passed, self.last)


class Selected:
    """The files of a selection.

    Parameters
    ----------
    buckets
        Lists them.
    selection
        Which files.
    takes
        Whether the route that they are for takes a file.
    """

    def __init__(self, buckets: Pages, selection: Selection, takes: Takes) -> None:
        self.selection = selection
        self._buckets = buckets
        self._takes = takes

    def folders(self) -> Iterator[Folder]:
        """Find the folders, in an order that is always the same: see `comes_before`.

        Raises
        ------
        AccountError
            A bucket cannot be listed.
        """
        chosen = self.selection
        for place in chosen.places:
            for path in sorted(find_folders(self._buckets, place.bucket, place.prefix)):
                folder = Folder(place.bucket, path)
                wanted = chosen.endpoint in {None, folder.endpoint}
                if wanted and chosen.variant in {None, folder.variant}:
                    yield folder

    def comes_before(self, folder: Folder, other: Folder) -> bool:
        """Whether a folder is found before another."""
        order = [place.bucket for place in self.selection.places]
        first, second = ((order.index(one.bucket), one.path) for one in (folder, other))
        return first < second

    def pages(self, folder: Folder, after: str = "") -> Iterator[Page]:
        """List the files of a folder, page by page.

        Parameters
        ----------
        folder
            Where to look.
        after
            The key to go on behind.

        Raises
        ------
        AccountError
            The bucket cannot be listed.
        """
        since, until = self.selection.since, self.selection.until
        pages = pages_between(self._buckets, folder.bucket, folder.path, since, until, after=after)
        for page in pages:
            wanted = [file for file in page.files if file.key.endswith(_SUFFIX)]
            sent = tuple(
                file for file in wanted if self._takes(CaptureFile(folder.bucket, file.key))
            )
            taken = {file.key for file in sent}
            passed = tuple(file.key for file in wanted if file.key not in taken)
            last = page.files[-1].key if page.files else None
            yield Page(folder, sent, passed, last)
