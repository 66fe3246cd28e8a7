"""Records that were read → runs of lines: neighbours with an inference each, or one line alone."""

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
    """Neighbouring lines that were read: one of them, or several with an inference each.

    Parameters
    ----------
    first, lines
        The index in the chunk of the first line, and how many they are.
    parsed
        What they hold.
    """

    first: int
    lines: int
    parsed: ParsedLine


class Found(msgspec.Struct, frozen=True):
    """The records that were found in some calls.

    Parameters
    ----------
    lines, counts
        For each call: the index in the chunk of its line, and how many records it has.
    ids, indexes, about
        For each record: the id of its inference, its index within its call, and what is known of
        the call.
    """

    lines: Sequence[int]
    counts: Sequence[int]
    ids: Sequence[str]
    indexes: Sequence[int]
    about: Sequence[EventMetadata]

    @classmethod
    def of(cls, calls: Calls, which: Sequence[int], counts: Sequence[int]) -> Self:
        """Describe the records of some of the calls, of which each has one at least."""
        lines, ids, about = calls.lines, calls.ids, calls.metadata
        if len(which) < len(lines):
            lines = [lines[call] for call in which]
            ids = [ids[call] for call in which]
            about = [about[call] for call in which]
        if sum(counts) == len(counts):
            return cls(lines, counts, ids, [0] * len(ids), about)
        of_records: list[str] = []
        indexes: list[int] = []
        abouts: list[EventMetadata] = []
        for name, count, known in zip(ids, counts, about, strict=True):
            of_records += map(name.__add__, _suffixes(count)) if count > 1 else [name]
            indexes += range(count)
            abouts += [known] * count
        return cls(lines, counts, of_records, indexes, abouts)

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
        for first, lines, start, stop in self._spans(odd):
            ids = self.ids[start:stop] if stop - start < len(self.ids) else self.ids
            about = self.about[start:stop]
            calls = ids if lines == len(ids) else [about[0].id or ""]
            parsed = ParsedLine(inferences(ids, start, stop), _last_time(about), calls=calls)
            yield Run(first, lines, parsed)

    def _spans(self, odd: frozenset[int]) -> Iterator[tuple[int, int, int, int]]:
        """First line, number of lines, first record and the one behind the last, of each run."""
        lines, calls = self.lines, len(self.counts)
        if not odd and (
            calls == 1 or (len(self.ids) == calls and lines[-1] - lines[0] == calls - 1)
        ):
            yield lines[0], calls, 0, len(self.ids)
            return
        ends = list(accumulate(self.counts))
        left = {bisect_right(ends, record) for record in odd}
        alone = [call for call, count in enumerate(self.counts) if count > 1]
        gaps = [call for call, (one, next_) in enumerate(pairwise(lines), 1) if next_ - one > 1]
        bounds = {0, calls, *gaps}
        for call in (*left, *alone):
            bounds |= {call, call + 1}
        for first, stop in pairwise(sorted(bounds)):
            if first not in left:
                yield lines[first], stop - first, ends[first] - self.counts[first], ends[stop - 1]


def _last_time(about: Sequence[EventMetadata]) -> str | None:
    return next(filter(None, (known.inference_time for known in reversed(about))), None)
