"""Many inferences in one piece: as values, or as the JSON that is sent of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import overload

from capture_forwarder.core.errors import AccountingError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.json_rows import JsonRows


@dataclass(frozen=True, slots=True)
class Inferences(Sequence[Inference]):
    """Inferences side by side; one is made an `Inference` of only when somebody asks for it."""

    ids: Sequence[str]
    names: tuple[str, ...]
    values: Sequence[tuple[object, ...]]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Inference: ...

    @overload
    def __getitem__(self, index: slice) -> Inferences: ...

    def __getitem__(self, index: int | slice) -> Inference | Inferences:
        if isinstance(index, slice):
            return Inferences(self.ids[index], self.names, self.values[index])
        return Inference(self.ids[index], self.names, self.values[index])

    def __iter__(self) -> Iterator[Inference]:
        return map(Inference, self.ids, repeat(self.names), self.values)


@dataclass(frozen=True, slots=True)
class WrittenInferences(Sequence[Inference]):
    """Neighbouring inferences that are JSON already; their values are read when somebody asks.

    Parameters
    ----------
    written
        Rows as JSON objects with commas between.
    ends
        Where in it each row ends.
    read
        Reads the values of all those rows; any other number of them is an `AccountingError`.
    first, stop
        Which of the rows these are.
    """

    written: memoryview
    ends: Sequence[int]
    read: Callable[[], Sequence[Inference]]
    first: int
    stop: int

    @property
    def json_rows(self) -> JsonRows:
        """These inferences as JSON; there is one at least."""
        begin = self.ends[self.first - 1] + 1 if self.first else 0
        return self.written[begin : self.ends[self.stop - 1]]

    def __len__(self) -> int:
        return self.stop - self.first

    @overload
    def __getitem__(self, index: int) -> Inference: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Inference]: ...

    def __getitem__(self, index: int | slice) -> Inference | Sequence[Inference]:
        if isinstance(index, slice):
            first, stop, step = index.indices(len(self))
            if step == 1 and first < stop:
                return replace(self, first=self.first + first, stop=self.first + stop)
        return self._values()[index]

    def __iter__(self) -> Iterator[Inference]:
        return iter(self._values())

    def _values(self) -> Sequence[Inference]:
        found = self.read()
        if len(found) != len(self.ends):
            message = f"{len(self.ends)} inferences were written, and {len(found)} read again."
            raise AccountingError(message, "Please report it; the object is delivered again.")
        return found[self.first : self.stop]
