"""A publisher of a routes file, whose advice names that file's keys and the route."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Publisher
from capture_forwarder.core.schema import Schema
from capture_forwarder.settings.variables import in_routes_file


class InRoutesFile:
    """Publishes by another publisher, and says by a routes file's keys what to do about errors.

    Parameters
    ----------
    publisher
        What publishes; its advice names environment variables.
    route
        The route's name.
    """

    def __init__(self, publisher: Publisher, route: str) -> None:
        self._publisher = publisher
        self._route = route

    @property
    def limits(self) -> BatchLimits:
        """See `Publisher.limits`."""
        return self._publisher.limits

    @property
    def takes_json(self) -> bool:
        """See `Publisher.takes_json`."""
        return self._publisher.takes_json

    def schema(self) -> Schema:
        """See `Publisher.schema`."""
        with self._reworded():
            return self._publisher.schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """See `Publisher.publish`."""
        with self._reworded():
            return self._publisher.publish(batch, deadline)

    @contextmanager
    def _reworded(self) -> Iterator[None]:
        try:
            yield
        except ForwarderError as error:
            error.reword(lambda advice: in_routes_file(advice, self._route))
            raise
