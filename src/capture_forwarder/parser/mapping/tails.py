"""What stands behind the captured values of a row: the time, the id, what is known of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice, repeat
from operator import attrgetter

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.parser.mapping.columns import ColumnMapping, MetadataField
from capture_forwarder.parser.record import EventMetadata

Tail = tuple[object, ...]
Constants = Mapping[MetadataField, object]
"""What all lines of an object share."""

_Ask = Callable[[EventMetadata], object]

_TIME: _Ask = attrgetter("inference_time")
_OF_CALL: Mapping[MetadataField, _Ask] = {
    MetadataField.EVENT_ID: attrgetter("event_id"),
    MetadataField.INFERENCE_ID: attrgetter("inference_id"),
    MetadataField.CUSTOM_ATTRIBUTES: attrgetter("custom_attributes"),
    MetadataField.INVOCATION_SOURCE: attrgetter("invocation_source"),
}


def constants_of(capture_file: CaptureFile) -> Constants:
    """Say what is known of every line of an object."""
    return {
        MetadataField.ENDPOINT: capture_file.endpoint,
        MetadataField.VARIANT: capture_file.variant,
        MetadataField.CAPTURE_HOUR: capture_file.capture_hour,
        MetadataField.BUCKET: capture_file.bucket,
        MetadataField.KEY: capture_file.key,
    }


class Tails:
    """Makes the tails of a route's rows.

    Parameters
    ----------
    mapping
        Which columns stand behind the captured ones.
    """

    def __init__(self, mapping: ColumnMapping) -> None:
        self._time = bool(mapping.timestamp)
        self._identity = bool(mapping.event_id)
        self._fields = [(column.field, column.part) for column in mapping.metadata]

    def of_call(
        self, ids: Sequence[str], metadata: EventMetadata, constants: Constants
    ) -> Iterable[Tail]:
        """Make the tails of the rows of one call; `ids` are its inferences'."""
        return self._of(ids, lambda ask: repeat(ask(metadata)), range(len(ids)), constants)

    def of_calls(
        self, ids: Sequence[str], about: Sequence[EventMetadata], constants: Constants
    ) -> Iterable[Tail]:
        """Make the tails of the rows of calls with one record each."""
        return self._of(ids, lambda ask: map(ask, about), repeat(0), constants)

    def _of(
        self,
        ids: Sequence[str],
        column: Callable[[_Ask], Iterable[object]],
        indices: Iterable[int],
        constants: Constants,
    ) -> Iterable[Tail]:
        columns: list[Iterable[object]] = []
        if self._time:
            columns.append(column(_TIME))
        if self._identity:
            columns.append(ids)
        for field, part in self._fields:
            if field is MetadataField.ROW_INDEX:
                columns.append(indices)
            elif field in _OF_CALL:
                columns.append(column(_OF_CALL[field]))
            elif part is not None:
                columns.append(repeat(_part(str(constants[field]), part)))
            else:
                columns.append(repeat(constants[field]))
        return islice(zip(*columns) if columns else repeat(()), len(ids))  # noqa: B905 - some have no end


def _part(key: str, at: int) -> str | None:
    """What stands between two slashes of a key, counted from either end."""
    parts = key.split("/")
    return parts[at] if -len(parts) <= at < len(parts) else None
