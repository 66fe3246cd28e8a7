"""The values of the metadata columns: the time, the id, what is known of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.parser.call import EventMetadata
from capture_forwarder.parser.mapping.columns import ColumnMapping, MetadataField

Values = tuple[object, ...]
Constants = Mapping[MetadataField, object]
"""What all lines of a capture file share."""

_Ask = Callable[[EventMetadata], object]

_TIME: _Ask = attrgetter("inference_time")
_OF_CALL: Mapping[MetadataField, _Ask] = {
    MetadataField.EVENT_ID: attrgetter("event_id"),
    MetadataField.INFERENCE_ID: attrgetter("inference_id"),
    MetadataField.CUSTOM_ATTRIBUTES: attrgetter("custom_attributes"),
    MetadataField.INVOCATION_SOURCE: attrgetter("invocation_source"),
}


def constants_of(capture_file: CaptureFile) -> Constants:
    """Say what is known of every line of a capture file."""
    return {
        MetadataField.ENDPOINT: capture_file.endpoint,
        MetadataField.VARIANT: capture_file.variant,
        MetadataField.CAPTURE_HOUR: capture_file.capture_hour,
        MetadataField.BUCKET: capture_file.bucket,
        MetadataField.KEY: capture_file.key,
    }


class MetadataColumns:
    """Makes the metadata of a route's rows.

    Parameters
    ----------
    mapping
        Which columns a row has beside the captured ones.
    """

    def __init__(self, mapping: ColumnMapping) -> None:
        self._time = bool(mapping.timestamp)
        self._identity = bool(mapping.event_id)
        self._fields = [(column.field, column.part) for column in mapping.metadata]

    def of_call(
        self, ids: Sequence[str], metadata: EventMetadata, constants: Constants
    ) -> Iterable[Values]:
        """Make the metadata of the rows of one call; `ids` are its inferences'."""
        columns = self.columns(ids, [metadata] * len(ids), range(len(ids)), constants)
        return zip(*columns, strict=True) if columns else [()] * len(ids)

    def columns(
        self,
        ids: Sequence[str],
        about: Sequence[EventMetadata],
        indexes: Sequence[int],
        constants: Constants,
    ) -> list[Sequence[object]]:
        """Make the metadata columns: each has a value for every row.

        Parameters
        ----------
        ids, about, indexes
            For each row: its id, what is known of its call, and its index within the call.
        constants
            What all lines of the capture file share.
        """
        columns: list[Sequence[object]] = []
        if self._time:
            columns.append(list(map(_TIME, about)))
        if self._identity:
            columns.append(ids)
        for field, part in self._fields:
            if field is MetadataField.ROW_INDEX:
                columns.append(indexes)
            elif field in _OF_CALL:
                columns.append(list(map(_OF_CALL[field], about)))
            else:
                value = constants[field]
                columns.append([value if part is None else _part(str(value), part)] * len(ids))
        return columns


def _part(key: str, at: int) -> str | None:
    """What stands between two slashes of a key, counted from either end."""
    parts = key.split("/")
    return parts[at] if -len(parts) <= at < len(parts) else None
