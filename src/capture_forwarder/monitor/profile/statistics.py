"""`statistics.json` of data quality, as Model Monitor writes and reads it.

The format is that of Amazon SageMaker's developer guide ("Schema for Statistics") and of files
that the service has published: counts of buckets are floats, the version is 0.0, and numbers and
texts also have their completeness.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.profile.sketch import SHRINKING, SIZE

MOST_CATEGORIES = 120
"""A text column with more distinct values than this has no counts of them (deequ's default)."""


class InferredType(StrEnum):
    """A column's type, by the text of its values."""

    INTEGRAL = "Integral"
    FRACTIONAL = "Fractional"
    STRING = "String"
    UNKNOWN = "Unknown"


NUMERIC = frozenset({InferredType.INTEGRAL, InferredType.FRACTIONAL})


class Common(msgspec.Struct, frozen=True):
    """How many rows have a value, and how many have none."""

    num_present: int
    num_missing: int


class Bucket(msgspec.Struct, frozen=True):
    """How many rows are at or above a bound and below another; the last bucket holds both."""

    lower_bound: float
    upper_bound: float
    count: float


class SketchParameters(msgspec.Struct, frozen=True):
    """How much a sketch holds: k items in its largest level, c times that in the next."""

    c: float = SHRINKING
    k: float = float(SIZE)


class SketchData(msgspec.Struct, frozen=True):
    """A KLL sketch; an item of `data[i]` stands for 2**i rows."""

    parameters: SketchParameters
    data: tuple[tuple[float, ...], ...]


class Kll(msgspec.Struct, frozen=True):
    """Ten buckets, and the sketch that they were counted in."""

    buckets: tuple[Bucket, ...] = ()
    sketch: SketchData | None = None


class NumberDistribution(msgspec.Struct, frozen=True):
    """How the numbers of a column are distributed."""

    kll: Kll | None = None


class Category(msgspec.Struct, frozen=True):
    """A distinct value, and how many rows have it."""

    value: str
    count: int


class Categorical(msgspec.Struct, frozen=True):
    """All distinct values of a column."""

    buckets: tuple[Category, ...] = ()


class TextDistribution(msgspec.Struct, frozen=True):
    """How the texts of a column are distributed."""

    categorical: Categorical | None = None


class NumericalStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """The numbers of a column; `std_dev` is the population's.

    What no number can be given for is None: of a column whose sum is more than a double holds,
    and of one without any finite number.
    """

    common: Common
    mean: float | None
    sum: float | None
    std_dev: float | None
    min: float | None
    max: float | None
    approximate_num_distinct_values: int | None = None
    completeness: float | None = None
    distribution: NumberDistribution | None = None


class StringStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts of a column."""

    common: Common
    distinct_count: float | None = None
    completeness: float | None = None
    distribution: TextDistribution | None = None


class FeatureStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column: numbers or texts, never both."""

    name: str
    inferred_type: InferredType
    numerical_statistics: NumericalStatistics | None = None
    string_statistics: StringStatistics | None = None

    @property
    def levels(self) -> tuple[tuple[float, ...], ...] | None:
        """The sketch's levels; None where there is no sketch."""
        numbers = self.numerical_statistics
        kll = numbers and numbers.distribution and numbers.distribution.kll
        return kll.sketch.data if kll and kll.sketch else None

    @property
    def categories(self) -> Mapping[str, int] | None:
        """Value → rows; None where the column has too many values, or is no text."""
        texts = self.string_statistics
        found = texts and texts.distribution and texts.distribution.categorical
        return {one.value: one.count for one in found.buckets} if found else None

    @property
    def common(self) -> Common | None:
        """How many rows have a value; None where the file does not say."""
        either = self.numerical_statistics or self.string_statistics
        return either.common if either else None


class Dataset(msgspec.Struct, frozen=True):
    """How many rows were looked at."""

    item_count: int


class Statistics(msgspec.Struct, frozen=True):
    """The whole file."""

    dataset: Dataset
    features: tuple[FeatureStatistics, ...] = ()
    version: float = 0.0

    def by_name(self) -> dict[str, FeatureStatistics]:
        """Column → its statistics."""
        return {feature.name: feature for feature in self.features}


class _InOrder(msgspec.Struct, frozen=True):
    """The file's keys in Model Monitor's order."""

    version: float
    dataset: Dataset
    features: tuple[FeatureStatistics, ...]


def write_statistics(statistics: Statistics) -> bytes:
    """Write the file's bytes: JSON in UTF-8."""
    ordered = _InOrder(statistics.version, statistics.dataset, statistics.features)
    return msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n"


def read_statistics(data: bytes, name: str) -> Statistics:
    """Read a file of ours or of Model Monitor's; keys that are not known do not matter.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What to call it in an error.

    Raises
    ------
    MonitorFileError
        It is no such file.
    """
    try:
        return msgspec.json.decode(data, type=Statistics, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MonitorFileError(
            f"{name} is no statistics.json of data quality: {_where(error)}.",
            "Make one with: capture-forwarder monitor baseline DATA --to FOLDER",
        ) from error


def _where(error: Exception) -> str:
    """What msgspec says, without a value that it may quote."""
    text = str(error)
    return (
        text
        if isinstance(error, msgspec.ValidationError) and "'" not in text
        else ("it is not JSON of that form")
    )
