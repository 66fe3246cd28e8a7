"""The pair of readings that was chosen for a call → its rows, each value of its column's type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.formats.numbers import as_float, is_json_number
from capture_forwarder.parser.formats.wrapped import Cell
from capture_forwarder.parser.mapping.candidates import Candidate, Pair
from capture_forwarder.parser.mapping.casts import Cast, cast_to, infer
from capture_forwarder.parser.mapping.plan import PayloadPlan

Rows = Collection[tuple[object, ...]]
_Typed = tuple[str, Cast | None, bool]
"""A column's name, its cast, and whether its values are numbers."""

_NUMBERS = frozenset({DataType.FLOAT, DataType.INT, DataType.BOOL})


class RowTyper:
    """Types the values of a route's calls.

    Parameters
    ----------
    plans
        What is wanted of the request and of the response.
    schema
        The platform's view of the model; values of columns without a type are inferred.
    keep_digits
        Whether a float of CSV keeps the digits that were captured, as `msgspec.Raw`, where JSON
        takes them.
    """

    def __init__(
        self, plans: Sequence[PayloadPlan], schema: Schema, *, keep_digits: bool = False
    ) -> None:
        self._keep_digits = keep_digits
        self._casts = [[_cast(column.name, schema) for column in plan.columns] for plan in plans]

    def __call__(self, pair: Pair) -> tuple[Rows, Counter[str]]:
        """Type the values of one call.

        Returns
        -------
        tuple
            The rows, and how many values of which columns could not be cast and stay as they are.
        """
        failures: Counter[str] = Counter()
        cast = [
            self._cast_rows(candidate, casts, failures)
            for candidate, casts in zip(pair, self._casts, strict=True)
            if candidate
        ]
        if len(cast) == 1:
            return cast[0], failures
        return [left + right for left, right in zip(*cast, strict=True)], failures

    def _cast_rows(
        self, candidate: Candidate, casts: Sequence[_Typed], failures: Counter[str]
    ) -> Rows:
        rows = []
        for values in candidate.rows or ():
            row = []
            for value, (name, cast, retype) in zip(values, casts, strict=True):
                text = value if candidate.text and isinstance(value, str) else None
                if isinstance(value, Cell):
                    value = text = str(value)  # noqa: PLW2901
                try:
                    found = cast(value) if cast else value if text is None else infer(text)
                except ValueError:
                    failures[name] += 1
                    # A number that is none of the column's is still one, in CSV as in JSON.
                    found = infer(text) if text is not None and retype else value
                if self._keep_digits and text is not None and type(found) is float:
                    found = _as_captured(text.strip(), found)
                row.append(found)
            rows.append(tuple(row))
        return rows


def _cast(name: str, schema: Schema) -> _Typed:
    data_type = schema.types.get(name)
    if data_type is None:
        return name, None, False
    cast = cast_to(DataType(data_type), schema.categories.get(name, ()))
    return name, cast, data_type in _NUMBERS


def _as_captured(text: str, value: float) -> object:
    """The digits of a number, if JSON takes them as they are; a whole number with a point."""
    if not is_json_number(text):
        return value
    return msgspec.Raw(as_float(text).encode())
