"""Many inferences in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import overload

from capture_forwarder.model import Inference


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
