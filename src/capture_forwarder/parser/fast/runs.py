"""Records that were read → runs of neighbouring lines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Self

import msgspec

from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.parser.call import EventMetadata
from capture_forwarder.parser.fast.calls import Calls

# Written once, since nearly all calls with several records have no more.
_SUFFIXES = [f"_{index}" for index in range(1000)]


def _suffixes(count: int) -> Sequence[str]:
    """What is put behind the id of a call for each of its records."""
    if count <= len(_SUFFIXES):
        return _SUFFIXES[:count]
    return [f"_{index}" for index in range(count)]


class Run(msgspec.Struct, frozen=True):
    """Neighbouring lines that were read.

    Parameters
    ----------
    first
        The index in the chunk of the first line.
    counts
        How many inferences each of them has; one at least.
    parsed
        What they hold.
    """

    first: int
    counts: Sequence[int]
    parsed: ParsedLine

    @property
    def lines(self) -> int:
        """How many lines they are."""
        return len(self.counts)


class Found(msgspec.Struct, frozen=True):
    """The records that were found in some calls.

    Parameters
    ----------
    lines, calls, counts
        For each call: the index in the chunk of its line, its id, and how many records it has.
    ids, indexes, about
        For each record: the id of its inference, its index within its call, and what is known of
        the call.
    """

    lines: Sequence[int]
    calls: Sequence[str]
    counts: Sequence[int]
    ids: Sequence[str]
    indexes: Sequence[int]
    about: Sequence[EventMetadata]

    @classmethod
    def of(cls, calls: Calls, which: Sequence[int], counts: Sequence[int]) -> Self:
        """Describe the records of some of the calls, of which each has one at least."""
        lines, names, about = calls.lines, calls.ids, calls.metadata
        if len(which) < len(lines):
            lines = [lines[call] for call in which]
            names = [names[call] for call in which]
            about = [about[call] for call in which]
        if sum(counts) == len(counts):
            return cls(lines, names, counts, names, [0] * len(names), about)
        ids: list[str] = []
        indexes: list[int] = []
        of_records: list[EventMetadata] = []
        for name, count, known in zip(names, counts, about, strict=True):
            ids += map(name.__add__, _suffixes(count)) if count > 1 else [name]
            indexes += range(count)
            of_records += [known] * count
        return cls(lines, names, counts, ids, indexes, of_records)

    def runs(
        self,
        inferences: Callable[[Sequence[str], int, int], Sequence[Inference]],
        odd: frozenset[int] = frozenset(),
    ) -> Iterator[Run]:
        """Yield the runs, without the calls that have an odd record.

        Parameters
        ----------
        inferences
            Makes those of neighbouring records, from their ids and the indexes of the first record
            and of the one behind the last.
        odd
            The indexes of the records that are left to the oracle.
        """
        lines, count = self.lines, len(self.counts)
        if not odd and lines[-1] - lines[0] == count - 1:
            made = inferences(self.ids, 0, len(self.ids))
            parsed = ParsedLine(made, _last_time(self.about), calls=self.calls)
            yield Run(lines[0], self.counts, parsed)
            return
        ends = list(accumulate(self.counts))
        left = {bisect_right(ends, record) for record in odd}
        gaps = [call for call, (one, next_) in enumerate(pairwise(lines), 1) if next_ - one > 1]
        bounds = {0, count, *gaps, *left, *(call + 1 for call in left)}
        for first, stop in pairwise(sorted(bounds)):
            if first not in left:
                begin, end = ends[first] - self.counts[first], ends[stop - 1]
                made = inferences(self.ids[begin:end], begin, end)
                time = _last_time(self.about[begin:end])
                parsed = ParsedLine(made, time, calls=self.calls[first:stop])
                yield Run(lines[first], self.counts[first:stop], parsed)


def _last_time(about: Sequence[EventMetadata]) -> str | None:
    return next(filter(None, (known.inference_time for known in reversed(about))), None)
