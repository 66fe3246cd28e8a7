"""A check of routes without any capture file: which of them a key takes, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.route import Match

_S3 = "s3://"
_ANY = "*"
_SIGNS = frozenset("*?[")
_OF_A_LAYOUT = ("endpoint", "variant")


@dataclass(frozen=True)
class Verdict:
    """Whether a capture file takes a route, and why not.

    Parameters
    ----------
    route
        The route's name.
    taken
        Whether it is taken; None if an earlier route ends the search.
    why
        Why it is not taken.
    """

    route: str
    taken: bool | None
    why: str = ""

    def __str__(self) -> str:
        words = {True: "taken", False: "not taken", None: "not looked at"}[self.taken]
        return f"{words}: {self.why}" if self.why else words


@dataclass(frozen=True)
class RoutesCheck:
    """Routes, and what they mean.

    Parameters
    ----------
    routes
        The routes, in order.
    unreachable
        Route that no capture file can reach → the one before it that takes all of its files.
    keys
        Key, as it was given → what each route makes of it.
    """

    routes: Sequence[RouteSettings]
    unreachable: Mapping[str, str]
    keys: Mapping[str, Sequence[Verdict]]

    @property
    def warnings(self) -> list[str]:
        """What is surely a mistake, or needs another setting."""
        found = [
            f"Route {name} is never reached: route {earlier} takes all of its capture files and "
            "does not continue."
            for name, earlier in self.unreachable.items()
        ]
        going_on = [route.name for route in self.routes[:-1] if route.goes_on]
        if going_on:
            names = ", ".join(going_on)
            found.append(f"These routes continue, so the function needs FORWARDER_LEDGER: {names}.")
        waiting = [route.name for route in self.routes if route.delay_seconds]
        if waiting:
            names = ", ".join(waiting)
            found.append(
                "The files of these routes wait in the function's queue, so it needs "
                f"FORWARDER_QUEUE_URL: {names}. Commands do not wait."
            )
        return found

    @property
    def without_route(self) -> list[str]:
        """The keys that take no route."""
        return [key for key, found in self.keys.items() if not any(one.taken for one in found)]


def check_routes(routes: Sequence[RouteSettings], keys: Iterable[str] = ()) -> RoutesCheck:
    """Check routes, and say which of them keys take. No platform is asked.

    Parameters
    ----------
    routes
        The routes, in order.
    keys
        Keys of capture files: `s3://bucket/key`, or a key alone where no route asks for a bucket.

    Raises
    ------
    UsageError
        A key cannot be that of a capture file, or the routes ask for its bucket.
    """
    found = {key: list(verdicts(routes, _capture_file(key, routes))) for key in keys}
    return RoutesCheck(routes, unreachable(routes), found)


def verdicts(routes: Sequence[RouteSettings], capture_file: CaptureFile) -> Iterator[Verdict]:
    """Say of each route whether a capture file takes it, and why not."""
    ended_by = ""
    for route in routes:
        misses = route.match.misses(capture_file)
        if ended_by:
            yield Verdict(route.name, None, f"{ended_by} does not continue")
        elif misses:
            yield Verdict(route.name, taken=False, why="; ".join(misses))
        else:
            yield Verdict(route.name, taken=True)
            ended_by = "" if route.goes_on else route.name


def unreachable(routes: Sequence[RouteSettings]) -> dict[str, str]:
    """Find the routes that no capture file can reach.

    Returns
    -------
    dict
        Route → the one before it that takes all of its capture files and does not continue.
    """
    found = {}
    for number, route in enumerate(routes):
        for earlier in routes[:number]:
            if not earlier.goes_on and covers(earlier.match, route.match):
                found[route.name] = earlier.name
                break
    return found


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every capture file that matches `narrow` surely matches `wide` too.

    Two patterns that differ are compared only where one of them is plain text.
    """
    if wide.prefix is not None and not (narrow.prefix or "").startswith(wide.prefix):
        key = narrow.key
        if key is None or not is_plain(key) or not key.startswith(wide.prefix):
            return False
    for name in ("bucket", "key", *_OF_A_LAYOUT):
        pattern, other = getattr(wide, name), getattr(narrow, name)
        if pattern is None or pattern == other:
            continue
        if other is not None and is_plain(other) and fnmatchcase(other, pattern):
            continue
        # Only a key of SageMaker's layout names an endpoint and a variant, and then both.
        named = name not in _OF_A_LAYOUT or any(getattr(narrow, one) for one in _OF_A_LAYOUT)
        if not (named and not pattern.strip(_ANY)):
            return False
    return True


def is_plain(pattern: str) -> bool:
    """Whether a pattern means only itself."""
    return not _SIGNS & set(pattern)


def _capture_file(key: str, routes: Sequence[RouteSettings]) -> CaptureFile:
    if key.startswith(_S3):
        bucket, _, rest = key.removeprefix(_S3).partition("/")
        if not bucket or not rest:
            raise UsageError(f"{key} has no bucket or no key.", "Write it as s3://bucket/key.")
        return CaptureFile(bucket, rest)
    asking = [route.name for route in routes if route.match.bucket is not None]
    if asking:
        message = f"Route {asking[0]} asks for the bucket, and {key} has none."
        raise UsageError(message, f"Write it as s3://bucket/{key}.")
    return CaptureFile("", key)
