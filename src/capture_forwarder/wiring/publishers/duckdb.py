"""The settings of an embedded database → its publishers."""

from __future__ import annotations

from capture_forwarder.core.ports import Publisher
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser import MetadataField
from capture_forwarder.settings import ONLY_ROUTE
from capture_forwarder.settings.publishers import DuckDbSettings
from capture_forwarder.wiring.publishers.context import PublisherContext


def for_rows(settings: DuckDbSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a route's table."""
    from capture_forwarder.publishers.duckdb.publisher import KEY, TIME, LocalPublisher  # noqa: PLC0415

    route = context.route
    columns = route.mapping.columns
    hours = [one.name for one in columns.metadata if one.field is MetadataField.CAPTURE_HOUR]
    typed = [name for name, kind in columns.types.items() if kind is DataType.TIMESTAMP]
    key, time = route.mapping.event_id or KEY, route.mapping.timestamp or TIME
    return LocalPublisher(settings.path, route.name, key, time, [*hours, *typed])


def for_labels(settings: DuckDbSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of the labels of a route's table."""
    from capture_forwarder.publishers.duckdb.labels import LocalLabelPublisher  # noqa: PLC0415

    labels = context.route.labels
    return LocalLabelPublisher(settings.path, labels.inferences if labels else ONLY_ROUTE)
