"""Publish labels as files of rows, for whoever joins them with the inferences by their ids."""

from __future__ import annotations

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.files.publisher import FilePublisher

LABEL_TIME = "label_time"
"""The column with the time of a label."""


class FileLabelPublisher:
    """Labels in files, of which each has one row for an inference: the last one of its lines.

    Parameters
    ----------
    rows
        Writes the files; its time is `LABEL_TIME`.
    """

    def __init__(self, rows: FilePublisher) -> None:
        self._rows = rows

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most that one file holds."""
        return self._rows.limits

    def schema(self) -> Schema:
        """No types, but a column for the time of a label."""
        return Schema(timestamp_column=LABEL_TIME)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Store the labels in one file; see `FilePublisher.publish`."""
        latest = latest_labels(batch)
        self._rows.publish(latest.batch_of(batch), deadline)
        return latest.receipt({})
