"""Capture files → the routes that they need: one for each endpoint, or for each variant of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from glob import escape

from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.letter_case import folded
from capture_forwarder.inspection import Given, Inspection, Sample, inspect_files
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import ONLY_ROUTE

_LONGEST_NAME = 63  # of a route
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")

TakeSamples = Callable[[Sequence[FoundFile]], Sequence[Sample]]
"""Reads the first lines of files."""
GivenFor = Callable[[Sequence[str]], Given]
"""What a person has settled of the mapping of a route, by the names that it goes by."""


@dataclass(frozen=True)
class Candidate:
    """A route, as the files ask for it.

    Parameters
    ----------
    name
        The route's name.
    known_as
        The names by which a person may mean it; what is said by the last one counts most.
    match
        Which capture files it takes, as a routes file says it.
    about
        What these files are, in words.
    inspection
        What they hold; without a mapping, no route can be made of them.
    """

    name: str
    known_as: tuple[str, ...]
    match: Mapping[str, str]
    about: str
    inspection: Inspection


@dataclass(frozen=True)
class _Group:
    """Files that go together: an endpoint's variant, or a folder without one."""

    wish: str
    match: Mapping[str, str]
    about: str
    files: Sequence[FoundFile]


def find_candidates(
    found: Iterable[FoundFile],
    base: str,
    take_samples: TakeSamples,
    given_for: GivenFor,
    *,
    by_variant: bool = False,
) -> list[Candidate]:
    """Find out which routes capture files need, the most particular first.

    Variants of an endpoint share a route if the same mapping reads them all.

    Parameters
    ----------
    found
        The files.
    base
        How the keys of all of them begin: the folder that was named, with a slash at its end.
    take_samples
        Reads them.
    given_for
        What is settled already.
    by_variant
        Whether each variant has a route of its own in any case.
    """
    endpoints: dict[str, dict[str, list[FoundFile]]] = {}
    folders: dict[str, list[FoundFile]] = {}
    for file in found:
        one = file.capture_file
        if one.endpoint is not None and one.variant is not None:
            endpoints.setdefault(one.endpoint, {}).setdefault(one.variant, []).append(file)
        else:
            folder = one.folder or one.key.rpartition("/")[0]
            folders.setdefault(folder, []).append(file)
    names = _Names()
    made: list[Candidate] = []
    for endpoint, variants in sorted(endpoints.items()):
        whole = [file for files in variants.values() for file in files]
        together = _Group(
            endpoint,
            {"endpoint": _pattern(endpoint)},
            f"Endpoint {endpoint}, {_variants(sorted(variants))}",
            whole,
        )
        groups = [_variant(endpoint, variant, files) for variant, files in sorted(variants.items())]
        if len(groups) == 1 and not by_variant:
            groups = [together]
        inspections = [_inspected(group, endpoint, take_samples, given_for) for group in groups]
        if len(groups) > 1 and not by_variant and _alike(inspections):
            groups, inspections = (
                [together],
                [_inspected(together, endpoint, take_samples, given_for)],
            )
        for group, inspection in zip(groups, inspections, strict=True):
            name = names.free(group.wish)
            known_as = tuple(dict.fromkeys((endpoint, name, group.wish)))
            made.append(Candidate(name, known_as, group.match, group.about, inspection))
    for folder in sorted(folders, key=lambda one: (-one.count("/"), one)):
        group = _folder(folder, base, folders[folder])
        name = names.free(group.wish)
        inspection = _inspected(group, name, take_samples, given_for)
        known_as = tuple(dict.fromkeys((name, group.wish)))
        made.append(Candidate(name, known_as, group.match, group.about, inspection))
    # One without conditions takes every file, so it comes last.
    return sorted(made, key=lambda candidate: not candidate.match)


def _variant(endpoint: str, variant: str, files: Sequence[FoundFile]) -> _Group:
    match = {"endpoint": _pattern(endpoint), "variant": _pattern(variant)}
    return _Group(f"{endpoint}-{variant}", match, f"Endpoint {endpoint}, variant {variant}", files)


def _variants(names: Sequence[str]) -> str:
    return f"variant{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _folder(folder: str, base: str, files: Sequence[FoundFile]) -> _Group:
    inner = f"{folder}/".removeprefix(base).strip("/")
    if not inner:
        return _Group(ONLY_ROUTE, {}, "Files whose keys name no endpoint", files)
    # A local path ends like the key in S3, and begins in another way.
    local = not files[0].name.startswith("s3://")
    match = {"key": f"*/{_pattern(inner)}/*"} if local else {"prefix": f"{folder}/"}
    return _Group(inner, match, f"Files in {inner}, whose keys name no endpoint", files)


def _inspected(
    group: _Group, endpoint: str, take_samples: TakeSamples, given_for: GivenFor
) -> Inspection:
    known_as = tuple(dict.fromkeys((endpoint, group.wish)))
    return inspect_files(take_samples(group.files), given_for(known_as))


def _alike(inspections: Sequence[Inspection]) -> bool:
    """Whether one mapping reads all of them; their types may differ."""
    bare = {_without_types(inspection.mapping) for inspection in inspections}
    return len(bare) == 1 and None not in bare


def _without_types(mapping: ColumnMapping | None) -> ColumnMapping | None:
    return None if mapping is None else dataclasses.replace(mapping, types={})


def _pattern(text: str) -> str:
    """Write a pattern that only this text fits; a routes file strips the space around it."""
    return re.sub(r"^\s|\s$", lambda space: f"[{space[0]}]", escape(text))


class _Names:
    """Names of routes, which databases and people do not tell apart by case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, wish: str) -> str:
        """Give a name that can be a route's, and that no other has."""
        stem = _NOT_IN_A_NAME.sub("-", wish).lstrip("_.-")[:_LONGEST_NAME] or ONLY_ROUTE
        name, number = stem, 2
        while folded(name) in self._taken:
            end = f"-{number}"
            name, number = f"{stem[: _LONGEST_NAME - len(end)]}{end}", number + 1
        self._taken.add(folded(name))
        return name
