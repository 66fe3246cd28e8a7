"""How Watson OpenScale reads payload records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .platform_server import RefusedError
from .server import Json, Row

_REQUIRED = frozenset({"scoring_id", "scoring_timestamp", "request", "response"})
_OPTIONAL = frozenset({"response_time"})


@dataclass(frozen=True)
class Record:
    """One inference as it stands in the data mart."""

    scoring_id: str
    scoring_timestamp: str
    request: Row
    response: Row
    meta: Row | None = None
    response_time: int | None = None


def read_v1(document: Json, ids: Mapping[str, str]) -> list[Record]:
    """Read scoring payloads, which name what they belong to by `ids`.

    Raises
    ------
    RefusedError
        400 if they are not in the documented form, 404 if they belong to something else.
    """
    items = _list_of_objects(document)
    for item in items:
        _check_keys(item, _REQUIRED | ids.keys(), _OPTIONAL)
        for name, known in ids.items():
            if item[name] != known:
                raise RefusedError(404, f"{name} is not known")
    return [_record(item, meta=False) for item in items]


def read_v2(document: Json) -> list[Record]:
    """Read the records of a data set.

    Raises
    ------
    RefusedError
        If they are not in the documented form.
    """
    items = _list_of_objects(document)
    for item in items:
        _check_keys(item, _REQUIRED, _OPTIONAL | {"multiple_records"})
        if not isinstance(item.get("multiple_records", False), bool):
            raise RefusedError(400, "multiple_records is not a truth value")
    return [_record(item, meta=True) for item in items]


def scoring_ids(document: Json) -> list[str]:
    """Return the ids of the records, in any form, as far as there are ids."""
    items = document if isinstance(document, list) else []
    ids = [item.get("scoring_id") for item in items if isinstance(item, dict)]
    return [scoring_id for scoring_id in ids if isinstance(scoring_id, str)]


def _record(item: Row, *, meta: bool) -> Record:
    request, response = item["request"], item["response"]
    scoring_id, timestamp = item["scoring_id"], item["scoring_timestamp"]
    if not isinstance(scoring_id, str) or not scoring_id:
        raise RefusedError(400, "scoring_id is not a text")
    _check_time(timestamp)
    response_time = item.get("response_time")
    if "response_time" in item and type(response_time) is not int:
        raise RefusedError(400, "response_time is not a whole number")
    return Record(
        scoring_id=scoring_id,
        scoring_timestamp=timestamp,
        request=_row(request, "request", {"meta"} if meta else frozenset()),
        response=_row(response, "response"),
        meta=_row(request["meta"], "request.meta") if "meta" in request else None,
        response_time=response_time,
    )


def _row(table: Json, name: str, optional: set[str] | frozenset[str] = frozenset()) -> Row:
    if not isinstance(table, dict):
        raise RefusedError(400, f"{name} is not an object")
    _check_keys(table, {"fields", "values"}, optional)
    fields, values = table["fields"], table["values"]
    if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
        raise RefusedError(400, f"{name}.fields is not a list of texts")
    if not fields or len(set(fields)) != len(fields):
        raise RefusedError(400, f"{name}.fields is empty or names a field twice")
    if not isinstance(values, list) or not all(isinstance(row, list) for row in values):
        raise RefusedError(400, f"{name}.values is not a list of lists")
    if len(values) != 1:
        # What becomes of the scoring id of several rows is not documented.
        raise RefusedError(400, f"{name}.values is not one row")
    if len(values[0]) != len(fields):
        raise RefusedError(400, f"{name}.values and {name}.fields differ in width")
    return dict(zip(fields, values[0], strict=True))


def _check_time(timestamp: Any) -> None:
    try:
        zone = datetime.fromisoformat(timestamp).tzinfo
    except (TypeError, ValueError) as error:
        raise RefusedError(400, "scoring_timestamp is not an ISO 8601 time") from error
    if zone is None:
        raise RefusedError(400, "scoring_timestamp has no time zone")


def _check_keys(
    item: Row, required: set[str] | frozenset[str], optional: set[str] | frozenset[str]
) -> None:
    if missing := sorted(required - item.keys()):
        raise RefusedError(400, f"Missing: {', '.join(missing)}")
    if unknown := sorted(item.keys() - required - optional):
        raise RefusedError(400, f"Not documented: {', '.join(unknown)}")


def _list_of_objects(document: Json) -> list[Row]:
    if not isinstance(document, list) or not document:
        raise RefusedError(400, "The body is not a list of records")
    if not all(isinstance(item, dict) for item in document):
        raise RefusedError(400, "A record is not an object")
    return document
