"""A JSON document that was rejected → a path under which it would be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

import jmespath

from capture_forwarder.parser.formats.json_document import lists_below
from capture_forwarder.parser.mapping.candidates import Candidate
from capture_forwarder.parser.rejected import RejectedError

_MOST_TRIED = 40
_MOST_READ = 4_000_000


def path_that_reads(
    document: object,
    read: Callable[[object], Sequence[Candidate]],
    counts: Collection[int],
    size: int,
) -> str | None:
    """Find a path by trying.

    Parameters
    ----------
    document
        Decoded JSON, none of whose readings will do.
    read
        Reads what a path selects.
    counts
        The numbers of records that would do; any if there are none.
    size
        How long the document is as text: of a large one fewer paths are tried.
    """
    most = min(_MOST_TRIED, 1 + _MOST_READ // (size + 1))
    for path in islice(_paths(document), most):
        try:
            selected = jmespath.search(path, document)
            found = read(selected)
        except (RejectedError, ValueError, RecursionError):
            continue
        fit = [one for one in found if one.rows and (not counts or one.count in counts)]
        if selected is not None and len({one.count for one in fit}) == 1:
            return path
    return None


def _paths(document: object) -> Iterator[str]:
    """Paths to records, those that keep all records of a batch first."""
    firsts = []
    for path, held in lists_below(document):
        if all(isinstance(item, str) for item in held):
            continue  # sooner names than values
        if path:
            yield path
        if all(isinstance(item, list) and item and isinstance(item[0], dict) for item in held):
            yield f"{path}[*][0]"
        if isinstance(held[0], dict):
            firsts.append(f"{path}[0]")
    yield from firsts
