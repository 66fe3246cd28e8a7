"""Many inferences in one piece: as values, or as the JSON that is sent of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any, overload

import msgspec

from capture_forwarder.core.inference import Inference
from capture_forwarder.core.json_rows import JsonRows, row_struct, split_rows, take_rows

_NAMES_KNOWN = 64
_Decode = Callable[[bytes], list[Any]]
_Values = Callable[[Any], tuple[object, ...]]


class Known(msgspec.Struct, frozen=True):
    """What is known of rows without looking at their values.

    Parameters
    ----------
    id_column
        The column that has each inference's id, if one is known to.
    complete
        Columns that are known to hold no null.
    flat
        Whether no value is a list or an object.
    """

    id_column: str | None = None
    complete: frozenset[str] = frozenset()
    flat: bool = False

    def __and__(self, other: Known) -> Known:
        """Return what is known of these rows and of others."""
        if self == other:
            return self
        same = self.id_column == other.id_column
        return Known(
            self.id_column if same else None,
            self.complete & other.complete,
            flat=self.flat and other.flat,
        )


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Inferences(Sequence[Inference]):
    """Inferences side by side; one is made an `Inference` of only when somebody asks for it.

    Parameters
    ----------
    ids
        The id of each.
    names
        The columns that they all have.
    values
        The values of each, in the order of the columns.
    known
        What is known of them without looking at their values.
    """

    ids: Sequence[str]
    names: tuple[str, ...]
    values: Sequence[tuple[object, ...]]
    known: Known = NOTHING_KNOWN

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Inference: ...

    @overload
    def __getitem__(self, index: slice) -> Inferences: ...

    def __getitem__(self, index: int | slice) -> Inference | Inferences:
        if isinstance(index, slice):
            ids = self.ids[index]
            if len(ids) == len(self.ids):
                return self
            return Inferences(ids, self.names, self.values[index], self.known)
        return Inference(self.ids[index], self.names, self.values[index])

    def __iter__(self) -> Iterator[Inference]:
        return map(Inference, self.ids, repeat(self.names), self.values)


@dataclass(frozen=True)
class WrittenInferences(Sequence[Inference]):
    """Neighbouring inferences that are JSON already; their values are read when somebody asks.

    Parameters
    ----------
    ids
        The id of each.
    names
        The columns that they all have.
    fragments
        All of them as JSON, in order, some together.
    known
        What is known of them without reading them; see `Inferences`.
    """

    ids: Sequence[str]
    names: tuple[str, ...]
    fragments: Sequence[JsonRows]
    known: Known = NOTHING_KNOWN

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Inference: ...

    @overload
    def __getitem__(self, index: slice) -> WrittenInferences: ...

    def __getitem__(self, index: int | slice) -> Inference | WrittenInferences:
        if isinstance(index, slice):
            ids = self.ids[index]
            if len(ids) == len(self.ids):
                return self
            first, stop, _ = index.indices(len(self.ids))
            if ids and len(self.fragments) == 1:
                rows = [take_rows(self.fragments[0], first, stop)]
                return WrittenInferences(ids, self.names, rows, self.known)
            return WrittenInferences(ids, self.names, self._rows[index], self.known)
        return Inference(self.ids[index], self.names, self.values[index])

    def __iter__(self) -> Iterator[Inference]:
        return map(Inference, self.ids, repeat(self.names), self.values)

    def select(self, indexes: Sequence[int]) -> WrittenInferences:
        """Take the inferences at these indexes."""
        ids = [self.ids[index] for index in indexes]
        rows = [self._rows[index] for index in indexes]
        return WrittenInferences(ids, self.names, rows, self.known)

    @property
    def values(self) -> Sequence[tuple[object, ...]]:
        """The values of each inference, in the order of the columns."""
        return list(values_of(self.names, self.fragments))

    @cached_property
    def _rows(self) -> Sequence[JsonRows]:
        return [row for fragment in self.fragments for row in split_rows(fragment)]


def values_of(
    names: Sequence[str], fragments: Iterable[JsonRows], *, as_json: bool = False
) -> Iterator[tuple[object, ...]]:
    """Read the values of rows that are JSON.

    Parameters
    ----------
    names
        Their columns, in the order of the values.
    fragments
        The rows.
    as_json
        Whether values stay as they are written, as `msgspec.Raw`.
    """
    decode, values = _reader(tuple(names), msgspec.Raw if as_json else object)
    for fragment in fragments:
        yield from map(values, decode(b"[%b]" % fragment))


@lru_cache(maxsize=_NAMES_KNOWN)
def _reader(names: tuple[str, ...], kind: type) -> tuple[_Decode, _Values]:
    """What decodes rows, and what gives the values of one of them."""
    struct = row_struct(names, [kind] * len(names))
    if struct is not None:
        return msgspec.json.Decoder(list[struct]).decode, msgspec.structs.astuple  # type: ignore[valid-type]
    decode = msgspec.json.Decoder(list[dict[str, kind]]).decode  # type: ignore[valid-type]
    return decode, lambda row: tuple(map(row.__getitem__, names))
