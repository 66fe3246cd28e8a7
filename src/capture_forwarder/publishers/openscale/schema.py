"""The data set that a subscription's records go to: which it is, and the types of its columns.

Source: ibm-watson-openscale 3.1.11 (`DataSets`, `SparkStruct`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import msgspec

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.schema import DataType, Schema

PAYLOAD = "payload_logging"
"""The type of a data set with what a model was asked and answered."""

FEEDBACK = "feedback"
"""The type of a data set with what turned out to be right."""

_NAMES = {PAYLOAD: "payload", FEEDBACK: "feedback"}
_SET_UP = {PAYLOAD: "payload logging", FEEDBACK: "quality monitor"}
_SUBSCRIPTION = "subscription"
_TARGET = "target"
_MOST_LISTED = 5
_PRIMITIVES = {
    "string": DataType.STR,
    "boolean": DataType.BOOL,
    "timestamp": DataType.TIMESTAMP,
    **dict.fromkeys(("byte", "short", "integer", "int", "long", "bigint"), DataType.INT),
    **dict.fromkeys(("float", "double", "decimal"), DataType.FLOAT),
}
_NUMBERS = frozenset({DataType.INT, DataType.FLOAT})
_MODEL_ROLES = frozenset({"feature", "prediction", "probability", "class_probability"})
_DECIMAL = re.compile(r"decimal\(.*\)")


class _Metadata(msgspec.Struct, frozen=True):
    id: str


class _Target(msgspec.Struct, frozen=True):
    target_id: str | None = None
    target_type: str | None = None


class _Field(msgspec.Struct, frozen=True):
    name: str
    type: object = None
    metadata: object = None


class _DataSchema(msgspec.Struct, frozen=True):
    fields: list[_Field] | None = None


class _Entity(msgspec.Struct, frozen=True):
    type: str
    target: _Target = _Target()
    data_schema: _DataSchema | None = None


class DataSet(msgspec.Struct, frozen=True):
    """A data set, as OpenScale's API shows it."""

    metadata: _Metadata
    entity: _Entity

    @property
    def fields(self) -> Sequence[_Field]:
        """Its columns, as far as OpenScale knows them."""
        schema = self.entity.data_schema
        return (schema.fields if schema else None) or ()

    def is_for(self, kind: str, subscription_id: str | None) -> bool:
        """Whether records of this kind go here, and a subscription's, if one is named."""
        target = self.entity.target
        own = (target.target_type, target.target_id) == (_SUBSCRIPTION, subscription_id)
        return self.entity.type == kind and (subscription_id is None or own)

    def __str__(self) -> str:
        """Say which it is, for messages."""
        target = self.entity.target
        return f"{self.metadata.id} ({self.entity.type} of {target.target_type} {target.target_id})"


class DataSets(msgspec.Struct, frozen=True):
    """What a search for data sets finds."""

    data_sets: list[DataSet]


def chosen(found: Sequence[DataSet], kind: str, subscription_id: str) -> str:
    """Choose a subscription's data set of a kind by what the data sets say of themselves.

    What a search finds cannot be relied on: a server that does not know a name of the query
    leaves it out of account, and answers with the data sets of other models too.

    Returns
    -------
    str
        The id of the data set.

    Raises
    ------
    PublisherMisconfiguredError
        None of them is it, or several are.
    """
    fitting = [one for one in found if one.is_for(kind, subscription_id)]
    if len(fitting) == 1:
        return fitting[0].metadata.id
    what = f"{_NAMES[kind]} data set"
    count = f"{len(fitting)} {what}s" if fitting else f"no {what}"
    message = f"The subscription {subscription_id} has {count}. {_listed(fitting or found)}"
    advice = "Set OPENSCALE_DATA_SET_ID, or data_set_id of the publisher, to the right one."
    if not fitting:
        advice = f"Set up its {_SET_UP[kind]}, or check OPENSCALE_SUBSCRIPTION_ID. {advice}"
    raise PublisherMisconfiguredError(message, advice)


def check(data_set: DataSet, kind: str, subscription_id: str | None) -> None:
    """Make sure that records of a kind can go to a data set.

    Raises
    ------
    PublisherMisconfiguredError
        It is for something else, or belongs to another subscription.
    """
    if data_set.is_for(kind, subscription_id):
        return
    wanted = f" of the subscription {subscription_id}" if subscription_id else ""
    message = f"The data set is {data_set}, not {kind}{wanted}."
    advice = (
        "Set OPENSCALE_DATA_SET_ID, or data_set_id of the publisher, to the "
        f"{_NAMES[kind]} data set."
    )
    raise PublisherMisconfiguredError(message, advice)


def schema_of(data_set: DataSet, columns: Collection[str], time_column: str) -> Schema:
    """Take the types that a data set gives to a mapping's columns.

    Texts stay texts, also those that look like numbers: they are how OpenScale keeps categories.
    Probabilities are lists of numbers. A column of another type goes as it was captured.

    Parameters
    ----------
    data_set
        The data set.
    columns
        The columns that are filled from payloads.
    time_column
        The column that a record's time is taken from.
    """
    types = {field.name: _data_type(field.type) for field in data_set.fields}
    return Schema(
        types={name: found for name in columns if (found := types.get(name)) is not None},
        timestamp_column=time_column,
        required=tuple(field.name for field in data_set.fields if _role(field) in _MODEL_ROLES),
        takes_others=True,
    )


def feedback_schema(data_set: DataSet) -> Schema:
    """Take the types of a feedback data set's columns, and which of them hold labels."""
    types = {field.name: _data_type(field.type) for field in data_set.fields}
    return Schema(
        types={name: found for name, found in types.items() if found is not None},
        takes_others=True,
        labels=tuple(field.name for field in data_set.fields if _role(field) == _TARGET),
    )


def _data_type(written: object) -> DataType | None:
    """The type of a column, as Spark writes it: a name, or an object for arrays and vectors."""
    if isinstance(written, str):
        name = "decimal" if _DECIMAL.fullmatch(written) else written
        return DataType.VECTOR if name == "vector" else _PRIMITIVES.get(name)
    if not isinstance(written, dict):
        return None
    match written.get("type"):
        case "array":
            return DataType.VECTOR if _data_type(written.get("elementType")) in _NUMBERS else None
        case "udt":
            return DataType.VECTOR if "Vector" in str(written.get("class", "")) else None
    return None


def _role(field: _Field) -> object:
    return field.metadata.get("modeling_role") if isinstance(field.metadata, dict) else None


def _listed(found: Sequence[DataSet]) -> str:
    if not found:
        return "OpenScale lists no data set at all."
    listing = ", ".join(map(str, found[:_MOST_LISTED]))
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return f"OpenScale lists: {listing}{more}."
