"""The labels of a line → values of the columns, each of its column's type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from capture_forwarder.core.label_mapping import LABEL, LabelMapping
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.labels.line import LabelLine
from capture_forwarder.parser.mapping.casts import Cast, cast_to, infer
from capture_forwarder.parser.rejected import RejectedError

_to_time = cast_to(DataType.TIMESTAMP)


class LabelTyper:
    """Types the labels of a route's lines.

    Parameters
    ----------
    mapping
        Where the labels are.
    schema
        The platform's view of the model: types by column, and the columns that labels can fill.
    """

    def __init__(self, mapping: LabelMapping, schema: Schema) -> None:
        self._mapping = mapping
        self._is_named = bool(mapping.columns)
        self.names = tuple(one.name for one in mapping.columns) or schema.labels or (LABEL,)
        sources = [one.source or one.name for one in mapping.columns] or self.names
        self._sources = tuple(sources)
        self._casts = [_cast(name, schema) for name in self.names]

    def __call__(self, line: LabelLine, failures: Counter[str]) -> list[tuple[object, ...]]:
        """Type the labels of a line: one tuple each row, in the order of `names`.

        Parameters
        ----------
        line
            The line.
        failures
            Counts, by column, the values that could not be cast and stay as they are.

        Raises
        ------
        RejectedError
            With `not-a-label`: the values are not those of the columns.
        """
        return [
            tuple(
                _typed(value, name, cast, line, failures)
                for value, name, cast in zip(values, self.names, self._casts, strict=True)
            )
            for values in self._in_order(line)
        ]

    def time(self, line: LabelLine, name: str, failures: Counter[str]) -> object:
        """The time that a row of a table gives to its label; None if it gives none."""
        column = self._mapping.time
        values = line.records[0] if line.table and line.records else None
        if column is None or not isinstance(values, Mapping):
            return None
        value = values.get(column)
        try:
            return _to_time(value)
        except ValueError:
            failures[name] += 1
            return value

    def _in_order(self, line: LabelLine) -> Iterator[Sequence[object]]:
        """The values of each row, in the order of the columns."""
        width = len(self.names)
        for record in line.records:
            if isinstance(record, Mapping):
                yield self._by_name(record)
            elif width == 1:
                # Several labels on one line are as many as below each other.
                yield from ([value] for value in record)
            elif len(record) == width:
                yield record
            elif len(record) == 1 and not self._is_named:
                yield [*record, *[None] * (width - 1)]
            else:
                detail = f"A label has {len(record)} values for {width} columns."
                raise RejectedError(Reason.NOT_A_LABEL, detail)

    def _by_name(self, record: Mapping[str, object]) -> Sequence[object]:
        """Values by the names of the files; unless columns are set, some of them may be missing."""
        missing = [source for source in self._sources if source not in record]
        if not missing:
            return [record[source] for source in self._sources]
        if not self._is_named and len(missing) < len(self._sources):
            return [record.get(source) for source in self._sources]
        if not self._is_named and LABEL in record:
            return [record[LABEL], *[None] * (len(self._sources) - 1)]
        listed = ", ".join(map(repr, missing))
        detail = f"The row has no column {listed} with a label."
        raise RejectedError(Reason.NOT_A_LABEL, detail)


def _typed(
    value: object, name: str, cast: Cast | None, line: LabelLine, failures: Counter[str]
) -> object:
    text = line.text and isinstance(value, str)
    if cast is not None:
        try:
            return cast(value)
        except ValueError:
            failures[name] += 1
            return value
    return infer(value) if text and isinstance(value, str) else value


def _cast(name: str, schema: Schema) -> Cast | None:
    kind = schema.types.get(name)
    return None if kind is None else cast_to(DataType(kind), schema.categories.get(name, ()))
