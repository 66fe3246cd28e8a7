"""Publish rows to Fiddler with its own client.

The client connects and authenticates; the events are posted through its connection as bytes that
are encoded here, because `publish_stream` spends ten times as long on encoding, and cuts long
lists into requests whose outcome gets lost when a later one fails. The connection is one of our
own: the client's global one would be shared by all routes, whatever their instance and token.
Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.publishers.fiddler.answers import PUBLISHING
from capture_forwarder.publishers.fiddler.requests import (
    BYTES_A_REQUEST,
    ROWS_A_REQUEST,
    EventRequests,
)
from capture_forwarder.publishers.fiddler.schema import FiddlerModel, read_model
from capture_forwarder.publishers.fiddler.sessions import FiddlerSessions
from capture_forwarder.publishers.fiddler.times import TimeUnit
from capture_forwarder.publishers.http import RequestLimits

if TYPE_CHECKING:
    from capture_forwarder.core.ports import Clock, Secret, SignRequest

_SCHEMA_SECONDS = 900.0


class FiddlerPublisher:
    """One Fiddler model.

    Parameters
    ----------
    url
        Scheme and host of the Fiddler instance.
    token
        The API key; read again once when Fiddler answers 401.
    model_id
        The model's id.
    timeout
        Seconds to wait for an answer.
    clock
        Tells when the cached schema is due for a refresh.
    mapping
        Which columns are filled from payloads: the model's time column may be one of them.
    time_unit
        What a number in the model's time column counts, where it holds numbers.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones.
    sign
        Signs each request, where Fiddler runs as a SageMaker partner app.
    limits
        The most that one request may hold, in place of the usual limits.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        url: str,
        token: Secret,
        model_id: UUID,
        *,
        timeout: float,
        clock: Clock,
        mapping: ColumnMapping | None = None,
        time_unit: TimeUnit | None = None,
        authorities: str | None = None,
        sign: SignRequest | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._model_id = str(model_id)
        self._sessions = FiddlerSessions(
            url,
            token,
            self._model_id,
            timeout=timeout,
            authorities=authorities,
            sign=sign,
            method="POST",
            doing=PUBLISHING,
        )
        self._clock = clock
        columns = mapping or ColumnMapping()
        names = [column.name for column in (*columns.inputs, *columns.outputs)]
        self._captured = frozenset([*names, *(column.name for column in columns.metadata)])
        self._time_unit = time_unit
        self._limits = limits or RequestLimits()
        self._requests = EventRequests(self._model_id)
        self._schema: Schema | None = None
        self._schema_time = 0.0

    @property
    def takes_json(self) -> bool:
        """Whether rows can be sent as they are written while a batch fills."""
        return self._requests.write_time is None

    @property
    def limits(self) -> BatchLimits:
        """The most that one request may hold."""
        return self._limits.batch_limits(ROWS_A_REQUEST, BYTES_A_REQUEST)

    def schema(self) -> Schema:
        """Types, id and time columns of the model, read afresh every 15 minutes.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        now = self._clock.monotonic()
        if self._schema is None or now - self._schema_time > _SCHEMA_SECONDS:
            model = self._read_model()
            time_column = model.schema.timestamp_column
            self._requests = EventRequests(self._model_id, time_column, model.write_time)
            self._schema = model.schema
            self._schema_time = now
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Post one batch of events; see `Publisher.publish`.

        A 2xx answer means that Fiddler has queued the events; it shows them minutes later.
        """
        del deadline
        body = self._requests.body(batch)
        self._limits.check(body, len(batch))
        self._sessions.send(body, len(batch), batch.repeats)
        return ACCEPTED

    def _read_model(self) -> FiddlerModel:
        model = self._sessions.model()
        try:
            return read_model(model, self._captured, self._time_unit)
        except ForwarderError:
            raise
        except Exception as error:
            raise self._sessions.foreign(error) from error
