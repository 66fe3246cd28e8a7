"""Publish rows to Fiddler with its own client.

The client connects and authenticates; the events are posted through its connection as bytes that
are encoded here, because `publish_stream` spends ten times as long on encoding, and cuts long
lists into requests whose outcome gets lost when a later one fails. The connection is one of our
own: the client's global one would be shared by all routes, whatever their instance and token.
Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.json_rows import JsonRowEncoder, JsonRows
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.publishers.fiddler.answers import (
    PUBLISHING,
    check_accepted,
    fiddler_site,
    translate,
)
from capture_forwarder.publishers.fiddler.connection import connect
from capture_forwarder.publishers.fiddler.requests import FiddlerSession
from capture_forwarder.publishers.http import CONNECT_SECONDS

if TYPE_CHECKING:
    from capture_forwarder.core.ports import Clock, Secret, SignRequest

_ROWS_A_REQUEST = 1000  # the client's own limit, fiddler.configs.STREAM_EVENT_LIMIT
_BYTES_A_REQUEST = 8 * 1024 * 1024  # Fiddler names no limit; this bounds our memory
_SCHEMA_SECONDS = 900.0

_encode = msgspec.json.Encoder().encode


class _Source(msgspec.Struct):
    """Events of a request."""

    events: list[object]
    type: str = "EVENTS"


class _Request(msgspec.Struct):
    """What `POST /v3/events` takes."""

    source: _Source
    model_id: str
    env_type: str = "PRODUCTION"
    env_name: str | None = None


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
    sign
        Signs each request, where Fiddler runs as a SageMaker partner app.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        url: str,
        token: Secret,
        model_id: UUID,
        *,
        timeout: float,
        clock: Clock,
        sign: SignRequest | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._model_id = str(model_id)
        self._site = fiddler_site(url, self._model_id, partner_app=sign is not None)
        self._timeout = (CONNECT_SECONDS, timeout)
        self._sign = sign
        self._clock = clock
        self._session: FiddlerSession | None = None
        self._schema: Schema | None = None
        self._schema_time = 0.0
        self._lock = threading.Lock()
        self._as_json = JsonRowEncoder()
        request = _encode(_Request(_Source([]), self._model_id))
        self._before, _, self._behind = request.partition(b"[]")

    takes_json = True

    @property
    def limits(self) -> BatchLimits:
        """The most that one request may hold."""
        return BatchLimits(rows=_ROWS_A_REQUEST, bytes=_BYTES_A_REQUEST)

    def schema(self) -> Schema:
        """Types, id and time columns of the model, read afresh every 15 minutes.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        now = self._clock.monotonic()
        if self._schema is None or now - self._schema_time > _SCHEMA_SECONDS:
            try:
                self._schema = self._read_schema()
            except CredentialsRefusedError:
                self._connect(fresh=True)
                self._schema = self._read_schema()
            self._schema_time = now
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Post one batch of events; see `Publisher.publish`.

        A 2xx answer means that Fiddler has queued the events; it shows them minutes later.
        """
        del deadline
        body = self._body(batch)
        session = self._connected()
        try:
            self._post(session, body, len(batch))
        except CredentialsRefusedError:
            self._post(self._reconnected(session), body, len(batch))
        return ACCEPTED

    def _body(self, batch: Batch) -> bytes:
        """The events as one array, in the request around it."""
        events = batch.json_rows
        if not events:
            inferences = batch.inferences
            values = [inference.values for inference in inferences]
            events = [self._as_json(inferences[0].names, values)]
        parts: list[JsonRows] = []
        for fragment in events:
            parts += (b",", fragment)
        parts[0] = self._before + b"["
        return b"".join((*parts, b"]", self._behind))

    def _connected(self) -> FiddlerSession:
        with self._lock:
            return self._session or self._connect()

    def _reconnected(self, refused: FiddlerSession) -> FiddlerSession:
        """Connect with a fresh token, unless another thread has done so meanwhile."""
        with self._lock:
            if self._session is None or self._session is refused:
                return self._connect(fresh=True)
            return self._session

    def _post(self, session: FiddlerSession, body: bytes, rows: int) -> None:
        try:
            content = session.post_events(body)
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, PUBLISHING, self._site, rows) from error
        check_accepted(content, rows, self._site)

    def _connect(self, *, fresh: bool = False) -> FiddlerSession:
        """Log in; two requests that check the token and the versions."""
        token = self._token.value(fresh=fresh)
        try:
            connection = connect(self._url, token, timeout=self._timeout, sign=self._sign)
            self._session = FiddlerSession(connection, self._timeout)
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, "connect", self._site) from error
        return self._session

    def _read_schema(self) -> Schema:
        session = self._session or self._connect()
        try:
            schema = self._schema_of(session.model(self._model_id))
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, "read the model", self._site) from error
        if not schema.types:
            message = f"The Fiddler model {self._model_id} has no columns."
            raise PublisherMisconfiguredError(message, "Give it a schema first.")
        return schema

    def _schema_of(self, model: dict[str, Any]) -> Schema:
        """Take what is needed of a model as the API shows it."""
        columns, spec = model["schema"]["columns"], model["spec"]
        return Schema(
            types={column["name"]: self._type_of(column) for column in columns},
            categories={
                column["name"]: tuple(column["categories"])
                for column in columns
                if column.get("categories")
            },
            event_id_column=model.get("event_id_col"),
            timestamp_column=model.get("event_ts_col"),
            required=(*(spec.get("inputs") or ()), *(spec.get("outputs") or ())),
        )

    def _type_of(self, column: dict[str, Any]) -> DataType:
        """A column's type.

        Raises
        ------
        PublisherMisconfiguredError
            It is one that this release does not know; asking again would not change that.
        """
        name, kind = column["name"], column["data_type"]
        if not isinstance(kind, str) or kind in set(DataType):
            return DataType(kind)  # of what is no text, it fails: that is not Fiddler's
        message = (
            f"Column {name!r} of the Fiddler model {self._model_id} has the type {kind!r}, which "
            "this release of the Capture Forwarder does not know."
        )
        known = ", ".join(DataType)
        advice = f"Give the column one of these types: {known}; or update the Capture Forwarder."
        raise PublisherMisconfiguredError(message, advice)
