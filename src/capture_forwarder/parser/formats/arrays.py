"""Flat elements and a shape → nested lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from capture_forwarder.parser.bounds import MOST_VALUES

MOST_DIMENSIONS = 32
"""As many as NumPy had for most of its life; it allows 64 since version 2."""
_LONGEST = 2**63


def are_lengths(shape: Sequence[object]) -> bool:
    """Whether these are the lengths of an array's dimensions."""
    return len(shape) <= MOST_DIMENSIONS and all(
        type(length) is int and 0 <= length < _LONGEST for length in shape
    )


def nest(values: Sequence[object], shape: Sequence[int], *, fortran: bool = False) -> object:
    """Arrange elements by a shape.

    Parameters
    ----------
    values
        As many elements as the shape has places.
    shape
        Lengths of the dimensions, outermost first; none for a single value.
    fortran
        Whether the first index runs fastest (column-major) instead of the last.

    Raises
    ------
    ValueError
        The shape has places for no element at all, yet a first dimension; or it makes more
        lists than there may be values.
    """
    if sum(accumulate(shape[:-1], mul)) > MOST_VALUES:
        message = "its lists are too many"
        raise ValueError(message)
    return _nest(values, shape, fortran=fortran)


def _nest(values: Sequence[object], shape: Sequence[int], *, fortran: bool) -> object:
    if not shape:
        return values[0]
    if len(shape) == 1:
        return list(values)
    first, rest = shape[0], shape[1:]
    if first and not values:
        # Otherwise a few bytes could announce a trillion empty rows.
        message = "it has rows without elements"
        raise ValueError(message)
    if first == 1:
        # Without a copy of the elements, of which there would be one a dimension.
        return [_nest(values, rest, fortran=fortran)]
    if fortran:
        return [_nest(values[n::first], rest, fortran=True) for n in range(first)]
    step = len(values) // first if first else 0
    return [_nest(values[n * step : (n + 1) * step], rest, fortran=False) for n in range(first)]
