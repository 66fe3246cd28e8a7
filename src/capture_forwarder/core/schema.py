"""What a platform knows of a model: its columns and their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec


class DataType(StrEnum):
    """The column types of a platform's model schema."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    STR = "str"
    CATEGORY = "category"
    TIMESTAMP = "timestamp"
    VECTOR = "vector"


class Schema(msgspec.Struct, frozen=True):
    """What a platform knows of the model: its columns' types and its id and time columns.

    Parameters
    ----------
    types
        Column name → type; empty when the platform has no schema.
    categories
        For category columns that list their values: column name → those values.
    event_id_column, timestamp_column
        The columns that the platform reads the event's id and time from, if it has any.
    required
        Columns that the model has as inputs or outputs.
    takes_others
        Whether the platform also takes columns that are not among `types`.
    labels
        The only columns that labels can fill, where the platform says so.
    """

    types: Mapping[str, DataType] = msgspec.field(default_factory=dict)
    categories: Mapping[str, Sequence[object]] = msgspec.field(default_factory=dict)
    event_id_column: str | None = None
    timestamp_column: str | None = None
    required: tuple[str, ...] = ()
    takes_others: bool = False
    labels: tuple[str, ...] = ()
