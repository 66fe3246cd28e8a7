"""What is collected of a batch while it fills: its inferences, or the JSON that a request takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol, overload

import msgspec

from capture_forwarder.core.batch import ChunkSlice, Slice
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import AccountingError
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.inferences import Inferences, WrittenInferences
from capture_forwarder.core.json_rows import JsonRowEncoder, JsonRows
from capture_forwarder.core.rejection import Rejection

# Written so few at a time, rows are still in the processor's cache, where they were made.
_ROWS_AT_ONCE = 128


class Collected(Protocol):
    """What is collected of a batch."""

    def __len__(self) -> int: ...

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences."""
        ...

    def give(self, slices: Sequence[Slice]) -> tuple[Sequence[Inference], Sequence[JsonRows]]:
        """Give what was collected, and begin anew.

        Parameters
        ----------
        slices
            The lines that the inferences come from.

        Returns
        -------
        tuple
            The inferences, and all of them as JSON, in fragments; none if they were not written.
        """
        ...


class AsInferences:
    """Inferences for a publisher that takes them as they are."""

    def __init__(self) -> None:
        self._inferences: list[Inference] = []

    def __len__(self) -> int:
        return len(self._inferences)

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences; see `Collected.take`."""
        self._inferences += inferences

    def give(self, slices: Sequence[Slice]) -> tuple[Sequence[Inference], Sequence[JsonRows]]:
        """Give what was collected; see `Collected.give`."""
        del slices
        given, self._inferences = self._inferences, []
        return given, ()


class AsJson:
    """Inferences that are written as JSON at once and not held.

    What is sent of a row takes half the memory of the row. Few batches are ever asked for their
    inferences again: those of which the platform refuses some. They are read from their lines
    once more.

    Parameters
    ----------
    read_again
        Parses a slice of a batch.
    """

    def __init__(self, read_again: ReadAgain) -> None:
        self._encode = JsonRowEncoder()
        self._read_again = read_again
        self._names: tuple[str, ...] = ()
        self._values: list[tuple[object, ...]] = []
        self._written: list[JsonRows] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences; see `Collected.take`."""
        self._count += len(inferences)
        if isinstance(inferences, WrittenInferences):
            self._flush()
            self._written.append(inferences.json_rows)
            return
        if isinstance(inferences, Inferences):
            self._names = inferences.names
            self._values += inferences.values
        else:
            for inference in inferences:
                self._names = inference.names
                self._values.append(inference.values)
        if len(self._values) >= _ROWS_AT_ONCE:
            self._flush()

    def give(self, slices: Sequence[Slice]) -> tuple[Sequence[Inference], Sequence[JsonRows]]:
        """Give what was collected; see `Collected.give`."""
        self._flush()
        given = _ReadLater(slices, self._count, self._read_again)
        written, self._written, self._count = self._written, [], 0
        return given, written

    def _flush(self) -> None:
        if self._values:
            self._written.append(self._encode(self._names, self._values))
            self._values = []


class ReadAgain(msgspec.Struct, frozen=True):
    """Parses once more what was parsed before, with the same result.

    Parameters
    ----------
    parse, parse_chunk
        What parses a line's bytes and a chunk's lines.
    """

    parse: Callable[[bytes], ParsedLine | Rejection]
    parse_chunk: Callable[[Chunk], ParsedLine | None]

    def __call__(self, slice_: Slice) -> Sequence[Inference]:
        """Return the inferences of a slice of a batch."""
        parsed = (
            self.parse_chunk(slice_.chunk)
            if isinstance(slice_, ChunkSlice)
            else self.parse(slice_.line.data)
        )
        if not isinstance(parsed, ParsedLine):
            message = "A line was read as inferences at first, but not when it was read again."
            raise AccountingError(message, "Please report it; the capture file is delivered again.")
        return parsed.inferences[slice_.first : slice_.first + slice_.count]


def collecting(
    parse: Callable[[bytes], ParsedLine | Rejection],
    parse_chunk: Callable[[Chunk], ParsedLine | None],
    *,
    as_json: bool,
) -> Collected:
    """Choose what is collected of a publisher's batches while they fill.

    Parameters
    ----------
    parse, parse_chunk
        What parses a line's bytes and a chunk's lines.
    as_json
        Whether the publisher takes rows as JSON.
    """
    return AsJson(ReadAgain(parse, parse_chunk)) if as_json else AsInferences()


class _ReadLater(Sequence[Inference]):
    """Inferences that are parsed from their lines once more when somebody asks for them."""

    def __init__(self, slices: Sequence[Slice], count: int, read_again: ReadAgain) -> None:
        self._slices = slices
        self._count = count
        self._read_again = read_again

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Inference: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Inference]: ...

    def __getitem__(self, index: int | slice) -> Inference | Sequence[Inference]:
        return self._inferences[index]

    def __iter__(self) -> Iterator[Inference]:
        return iter(self._inferences)

    @cached_property
    def _inferences(self) -> Sequence[Inference]:
        return [found for slice_ in self._slices for found in self._read_again(slice_)]
