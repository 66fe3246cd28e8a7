"""A route's mapping made ready for the model: completed, checked and compiled for its schema."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.ports import Clock, Publisher, Reporter
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.retry import Retrier
from capture_forwarder.parser import ColumnMapping, RouteParser, compile_mapping

_SCHEMA_SECONDS = 10.0

Compile = Callable[[Schema], RouteParser]
"""Makes the parser of a route that has no mapping, such as one with labels; raises PublishError."""


class Preparation:
    """Compiles a route's mapping; may be used from several threads.

    Parameters
    ----------
    mapping
        Which captured values become which columns, as a person configured them; or what makes
        a parser of another kind.
    publisher
        The platform that knows the model's schema.
    clock
        Time, and the waiting between tries.
    retry_seconds
        How long a batch is tried; the schema is tried no longer than that.
    reporter
        Is warned of columns of the model that nothing fills.
    """

    def __init__(
        self,
        mapping: ColumnMapping | Compile,
        publisher: Publisher,
        clock: Clock,
        retry_seconds: float,
        reporter: Reporter,
    ) -> None:
        self._mapping = mapping
        self._publisher = publisher
        self._clock = clock
        self._seconds = min(_SCHEMA_SECONDS, retry_seconds)
        self._reporter = reporter
        self._lock = threading.Lock()
        self._compiled: tuple[Schema, RouteParser] | None = None

    def parser(self, deadline: float | None = None) -> RouteParser:
        """Compile the mapping, again when the platform's schema has changed.

        Parameters
        ----------
        deadline
            When, by the clock's monotonic time, the schema must not be asked for again.

        Raises
        ------
        PublishError
            The schema cannot be read, or the platform does not know a column of the mapping.
        """
        retrier = Retrier(self._clock, self._seconds)
        with self._lock:
            schema = retrier.call(self._publisher.schema, deadline)
            if self._compiled is None or self._compiled[0] != schema:
                self._compiled = (schema, self._compile(schema))
            return self._compiled[1]

    def _compile(self, schema: Schema) -> RouteParser:
        if not isinstance(self._mapping, ColumnMapping):
            return self._mapping(schema)
        mapping = complete(self._mapping, schema)
        check_columns(mapping, schema)
        missing = sorted(set(schema.required) - set(mapping.names))
        if missing:
            self._reporter.warn("model columns that no setting fills", columns=missing)
        return compile_mapping(mapping, schema, as_json=self._publisher.takes_json)


def complete(mapping: ColumnMapping, schema: Schema) -> ColumnMapping:
    """Fill the id and time columns that the settings leave open with the platform's own."""
    names = set(mapping.names)
    event_id, timestamp = mapping.event_id, mapping.timestamp
    if event_id is None and schema.event_id_column not in names:
        event_id = schema.event_id_column
    if timestamp is None and schema.timestamp_column not in names:
        timestamp = schema.timestamp_column
    return dataclasses.replace(mapping, event_id=event_id, timestamp=timestamp)


def check_columns(mapping: ColumnMapping, schema: Schema) -> None:
    """Make sure that the platform knows every column that will be sent.

    Raises
    ------
    PublisherMisconfiguredError
        It does not; names the columns.
    """
    own = {schema.event_id_column, schema.timestamp_column}
    unknown = [name for name in mapping.names if name not in schema.types and name not in own]
    if schema.types and unknown and not schema.takes_others:
        message = f"The model's schema has no column {', '.join(map(repr, unknown))}."
        advice = f"Its columns are: {', '.join(schema.types)}. Correct the column settings."
        raise PublisherMisconfiguredError(message, advice)
