"""Records that were read → runs of lines: neighbours with an inference each, or one line alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Self, TypeVar

import msgspec

from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.parser.call import EventMetadata
from capture_forwarder.parser.fast.calls import Calls

Part = TypeVar("Part")


def _suffixes(count: int) -> list[str]:
    return [f"_{index}" for index in range(count)]


# Written once, since nearly all calls with several records have no more.
_SUFFIXES = _suffixes(1000)


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
        if len(counts) == 1:
            count, name = counts[0], ids[0]
            suffixes = _SUFFIXES[:count] if count <= len(_SUFFIXES) else _suffixes(count)
            ids = [name + suffix for suffix in suffixes]
            return cls(lines, counts, ids, range(count), [about[0]] * count)
        of_calls = list(zip(ids, counts, about, strict=True))
        return cls(
            lines,
            counts,
            [
                f"{name}_{index}" if count > 1 else name
                for name, count, _ in of_calls
                for index in range(count)
            ],
            [index for count in counts for index in range(count)],
            [known for _, count, known in of_calls for _ in range(count)],
        )

    @property
    def are_one_run(self) -> bool:
        """Whether it is one call, or calls of a record each without a line between them."""
        calls = len(self.counts)
        return calls == 1 or (
            len(self.ids) == calls and self.lines[-1] - self.lines[0] == calls - 1
        )

    def whole(self, inferences: Sequence[Inference]) -> Run:
        """The run of all records, where they are one."""
        return self._run(self.lines[0], len(self.lines), 0, len(self.ids), inferences)

    def runs(
        self, parts: Sequence[Part | None]
    ) -> Iterator[tuple[Callable[[Sequence[Inference]], Run], Sequence[str], Sequence[Part]]]:
        """Yield the runs, without the calls that are left to the oracle.

        Parameters
        ----------
        parts
            What was read of each record; None where the call is left to the oracle.

        Yields
        ------
        tuple
            What makes a run of its inferences, their ids, and what was read of them.
        """
        for first, lines, start, stop in self._spans(parts):
            make = partial(self._run, first, lines, start, stop)
            yield make, self.ids[start:stop], parts[start:stop]  # type: ignore[misc]

    def _run(
        self, first: int, lines: int, start: int, stop: int, inferences: Sequence[Inference]
    ) -> Run:
        about, calls = self.about[start:stop], self.ids[start:stop]
        if lines < len(calls):
            calls = [about[0].id or ""]
        return Run(first, lines, ParsedLine(inferences, _last_time(about), calls=calls))

    def _spans(self, parts: Sequence[object]) -> Iterator[tuple[int, int, int, int]]:
        """First line, number of lines, first record and the one behind the last, of each run."""
        span: list[int] = []
        at = 0
        for line, count in zip(self.lines, self.counts, strict=True):
            end = at + count
            left = None in parts[at:end]
            goes_on = span and count == 1 and line == span[0] + span[1] and at == span[3]
            if goes_on and not left and span[1] == span[3] - span[2]:
                span[1] += 1
                span[3] = end
            else:
                if span:
                    yield span[0], span[1], span[2], span[3]
                span = [] if left else [line, 1, at, end]
            at = end
        if span:
            yield span[0], span[1], span[2], span[3]


def _last_time(about: Sequence[EventMetadata]) -> str | None:
    return next(filter(None, (known.inference_time for known in reversed(about))), None)
