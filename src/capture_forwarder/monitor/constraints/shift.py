"""Whether columns without names fit a baseline only when they are moved by one.

A baseline that was made with the label in front, or without it, does not fit what an endpoint
captures (outputs first, then inputs): every column is judged by its neighbour's constraints, and
nothing says so. This does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capture_forwarder.monitor.constraints.constraints import FeatureConstraints
from capture_forwarder.monitor.profile.columns import ColumnProfile
from capture_forwarder.monitor.profile.statistics import NUMERIC, InferredType

_Pairs = Sequence[tuple[ColumnProfile, FeatureConstraints]]


def shift_note(
    columns: Sequence[ColumnProfile], features: Sequence[FeatureConstraints]
) -> str | None:
    """Say so if columns fit their baseline only after a shift by one.

    Parameters
    ----------
    columns
        The window's, in the order of the data.
    features
        The baseline's, in theirs.

    Returns
    -------
    str or None
        None where they fit as they stand, or fit in no way.
    """
    # Where the numbers of columns differ, that is reason enough to look for a neighbour's place.
    strict = len(columns) == len(features)
    if strict and _fit(list(zip(columns, features, strict=True)), strict=strict):
        return None
    for what, pairs in _shifted(columns, features):
        if pairs and _fit(pairs, strict=strict):
            return (
                f"The columns fit the baseline only {what}: the baseline may have been made with "
                "the label, or without the output, and each column is held against another's "
                "constraints. Name the columns, or make the baseline anew from columns in the "
                "order of the captures: outputs first, then inputs."
            )
    return None


def _shifted(
    columns: Sequence[ColumnProfile], features: Sequence[FeatureConstraints]
) -> Iterator[tuple[str, _Pairs]]:
    first, last = (name.name for name in (features[0], features[-1])) if features else ("", "")
    if len(columns) + 1 == len(features):
        yield f"without its first one, {first!r}", list(zip(columns, features[1:], strict=True))
        yield f"without its last one, {last!r}", list(zip(columns, features[:-1], strict=True))
    elif len(columns) == len(features) + 1:
        yield "without their own first one", list(zip(columns[1:], features, strict=True))
        yield "without their own last one", list(zip(columns[:-1], features, strict=True))
    elif len(columns) == len(features) and len(features) > 1:
        there = [*columns[1:], columns[0]]
        yield "with their first one moved to the end", list(zip(there, features, strict=True))
        back = [columns[-1], *columns[:-1]]
        yield "with their last one moved to the front", list(zip(back, features, strict=True))


def _fit(pairs: _Pairs, *, strict: bool) -> bool:
    return all(_fits(column, feature, strict=strict) for column, feature in pairs)


def _fits(column: ColumnProfile, feature: FeatureConstraints, *, strict: bool) -> bool:
    """Whether a column can be what a feature's constraints were made of."""
    found, expected = column.inferred, feature.inferred_type
    if InferredType.UNKNOWN in {found, expected}:
        return True
    if found is not expected and {found, expected} != NUMERIC:
        return False
    if strict and found is InferredType.FRACTIONAL and expected is InferredType.INTEGRAL:
        return False
    if feature.domains is not None and column.all_categories:
        inside = sum(column.categories.get(text, 0) for text in feature.domains)
        return inside * 2 >= column.counts.present
    return True
