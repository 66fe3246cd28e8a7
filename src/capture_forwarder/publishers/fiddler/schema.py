"""A model, as Fiddler's API shows it → its schema, and how its time column is written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.publishers.fiddler.times import NUMBERS, TimeUnit, WriteTime, time_writer


class FiddlerModel(msgspec.Struct, frozen=True):
    """What publishing needs to know of a model.

    Parameters
    ----------
    schema
        Its columns.
    write_time
        Puts the time of a call into the form that the model reads; None leaves it in ISO 8601.
    """

    schema: Schema
    write_time: WriteTime | None = None


def read_model(
    model: dict[str, Any], captured: Collection[str], unit: TimeUnit | None
) -> FiddlerModel:
    """Take what is needed of a model.

    Parameters
    ----------
    model
        The model as the API shows it.
    captured
        The columns that are filled from payloads. Where the time column is one of them, its
        values are sent as they were captured.
    unit
        What a number that is a time counts, if settings say so.

    Raises
    ------
    PublisherMisconfiguredError
        It has no columns, one of a type that is not known, or a time that settings must explain.
    KeyError, TypeError, ValueError
        It is not a model of Fiddler's.
    """
    spec = model["spec"]
    types = _types(model)
    time, text_format = model.get("event_ts_col"), model.get("event_ts_format")
    write_time = None
    if time is not None and time not in captured:
        if types.get(time) in NUMBERS and unit is None:
            message = f"The model's time column {time!r} holds numbers of an unknown unit."
            advice = "Set FIDDLER_TIME_UNIT, or time_unit of the publisher, to what they count."
            raise PublisherMisconfiguredError(message, f"{advice[:-1]}: seconds or milliseconds.")
        write_time = time_writer(types.get(time), text_format, unit)
    elif text_format and types.get(time) is DataType.TIMESTAMP:
        # A timestamp would be written in ISO 8601, and Fiddler reads this one by its format.
        types[time] = DataType.STR
    schema = Schema(
        types=types,
        categories=_categories(model),
        event_id_column=model.get("event_id_col"),
        timestamp_column=time,
        required=(*(spec.get("inputs") or ()), *(spec.get("outputs") or ())),
    )
    return FiddlerModel(schema, write_time)


def label_schema(model: dict[str, Any]) -> Schema:
    """Take what labels need of a model: its targets, with their types, and its id column.

    Raises
    ------
    PublisherMisconfiguredError
        Events of the model cannot be updated, or it has no target.
    KeyError, TypeError, ValueError
        It is not a model of Fiddler's.
    """
    key, targets = model.get("event_id_col"), tuple(model["spec"].get("targets") or ())
    if key is None:
        message = f"The Fiddler model {model.get('id')} has no event id column."
        advice = "Fiddler finds events by it: labels need a model with `event_id_col`."
        raise PublisherMisconfiguredError(message, advice)
    if not targets:
        message = f"The Fiddler model {model.get('id')} has no target column."
        advice = "Labels fill the columns that the model's spec lists as `targets`: give it one."
        raise PublisherMisconfiguredError(message, advice)
    types, categories = _types(model), _categories(model)
    return Schema(
        types={name: types[name] for name in targets},
        categories={name: categories[name] for name in targets if name in categories},
        event_id_column=key,
        labels=targets,
    )


def _types(model: dict[str, Any]) -> dict[Any, DataType]:
    columns = model["schema"]["columns"]
    if not columns:
        message = f"The Fiddler model {model.get('id')} has no columns."
        raise PublisherMisconfiguredError(message, "Give it a schema first.")
    return {column["name"]: _data_type(column["name"], column["data_type"]) for column in columns}


def _categories(model: dict[str, Any]) -> dict[str, tuple[object, ...]]:
    return {
        column["name"]: tuple(column["categories"])
        for column in model["schema"]["columns"]
        if column.get("categories")
    }


def _data_type(column: str, name: object) -> DataType:
    if not isinstance(name, str) or name in set(DataType):
        return DataType(name)  # type: ignore[arg-type]  # of what is no text, it fails: that is not Fiddler's
    message = (
        f"Column {column!r} of the Fiddler model has the type {name!r}, which this release of the "
        "Capture Forwarder does not know."
    )
    known = ", ".join(DataType)
    advice = f"Give the column one of these types: {known}; or update the Capture Forwarder."
    raise PublisherMisconfiguredError(message, advice)
