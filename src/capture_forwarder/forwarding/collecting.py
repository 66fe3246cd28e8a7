"""What is collected of a batch while it fills: its inferences, or the JSON that a request takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from capture_forwarder.core.inference import Inference
from capture_forwarder.core.inferences import (
    NOTHING_KNOWN,
    Inferences,
    Known,
    WrittenInferences,
)
from capture_forwarder.core.json_rows import JsonRowEncoder, JsonRows

# Written so few at a time, rows are still in the processor's cache, where they were made.
_ROWS_AT_ONCE = 128


class Collected(Protocol):
    """What is collected of a batch."""

    def __len__(self) -> int: ...

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences."""
        ...

    def give(self) -> Sequence[Inference]:
        """Give what was collected, and begin anew."""
        ...


def collecting(*, as_json: bool) -> Collected:
    """Choose what is collected of a publisher's batches: rows as JSON if it takes them, or all."""
    return AsJson() if as_json else AsInferences()


class AsInferences:
    """Inferences for a publisher that takes them as they are."""

    def __init__(self) -> None:
        self._inferences: list[Inference] = []

    def __len__(self) -> int:
        return len(self._inferences)

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences; see `Collected.take`."""
        self._inferences += inferences

    def give(self) -> Sequence[Inference]:
        """Give what was collected; see `Collected.give`."""
        given, self._inferences = self._inferences, []
        return given


class AsJson:
    """Inferences that are written as JSON at once, and whose values are not held.

    What is sent of a row takes half the memory of the row.
    """

    def __init__(self) -> None:
        self._encode = JsonRowEncoder()
        self._names: tuple[str, ...] = ()
        self._ids: list[str] = []
        self._values: list[tuple[object, ...]] = []
        self._written: list[JsonRows] = []
        self._known: Known | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def take(self, inferences: Sequence[Inference]) -> None:
        """Collect inferences; see `Collected.take`."""
        if isinstance(inferences, WrittenInferences):
            self._write()
            self._names = inferences.names
            self._ids += inferences.ids
            self._written += inferences.fragments
            self._note(inferences.known)
            return
        if isinstance(inferences, Inferences):
            self._names = inferences.names
            self._ids += inferences.ids
            self._values += inferences.values
            self._note(inferences.known)
        else:
            for inference in inferences:
                self._names = inference.names
                self._ids.append(inference.id)
                self._values.append(inference.values)
            self._note(NOTHING_KNOWN)
        if len(self._values) >= _ROWS_AT_ONCE:
            self._write()

    def give(self) -> Sequence[Inference]:
        """Give what was collected; see `Collected.give`."""
        self._write()
        known = self._known or NOTHING_KNOWN
        given = WrittenInferences(self._ids, self._names, self._written, known)
        self._ids, self._written, self._known = [], [], None
        return given

    def _write(self) -> None:
        if self._values:
            self._written.append(self._encode(self._names, self._values))
            self._values = []

    def _note(self, known: Known) -> None:
        self._known = known if self._known is None else self._known & known
