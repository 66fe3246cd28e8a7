"""Routes looked at without any object: which take a key and why, and which none can reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.route import Match

_ANY = "*"
_SIGNS = frozenset("*?[")
_OF_A_LAYOUT = ("endpoint", "variant")


@dataclass(frozen=True)
class Verdict:
    """Whether a route takes an object: None if it is not even looked at; why not, if not."""

    route: str
    taken: bool | None
    why: str = ""

    def __str__(self) -> str:
        words = {True: "taken", False: "not taken", None: "not looked at"}[self.taken]
        return f"{words}: {self.why}" if self.why else words


def verdicts(routes: Sequence[RouteSettings], capture_file: CaptureFile) -> Iterator[Verdict]:
    """Say of each route whether it takes an object, and why not."""
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
    """Find the routes that no object can reach.

    Returns
    -------
    dict
        Route → the one before it that takes all of its objects and does not continue.
    """
    found = {}
    for number, route in enumerate(routes):
        for earlier in routes[:number]:
            if not earlier.goes_on and covers(earlier.match, route.match):
                found[route.name] = earlier.name
                break
    return found


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every object that fits `narrow` is sure to fit `wide` too.

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
