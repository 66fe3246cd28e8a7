"""Publish rows to Fiddler with its own client.

The client connects and authenticates; the events are posted through its connection as bytes that
are encoded here, because `publish_stream` spends ten times as long on encoding, and cuts long
lists into requests whose outcome gets lost when a later one fails. The connection is one of our
own: the client's global one would be shared by all routes, whatever their instance and token.
Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from capture_forwarder.batch import ACCEPTED, Batch, Receipt
from capture_forwarder.errors import (
    CredentialsRefusedError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.model import BatchLimits, DataType, Schema
from capture_forwarder.publishers.fiddler_errors import (
    PUBLISHING,
    check_accepted,
    fiddler_site,
    translate,
)
from capture_forwarder.publishers.http import CONNECT_SECONDS

if TYPE_CHECKING:
    from fiddler import Connection
    from fiddler.libs.http_client import RequestClient

    from capture_forwarder.ports import Clock, Secret

_ROWS_A_REQUEST = 1000  # the client's own limit, fiddler.configs.STREAM_EVENT_LIMIT
_BYTES_A_REQUEST = 8 * 1024 * 1024  # Fiddler names no limit; this bounds our memory
_SCHEMA_SECONDS = 900.0
# The client retries on its own for this long, without jitter and deaf to Retry-After. Half a
# second is less than its first wait, so that it tries once; zero would break it.
_PARTNER_APP = "AWS_PARTNER_APP_AUTH"
_CLIENT_RETRY = ("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "0.5")

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


Sign = Callable[[Any], Any]
"""Takes a prepared request of `requests` and returns it, signed."""


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
        sign: Sign | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._model_id = str(model_id)
        self._site = fiddler_site(url, self._model_id, partner_app=sign is not None)
        self._timeout = (CONNECT_SECONDS, timeout)
        self._sign = sign
        self._clock = clock
        self._client: RequestClient | None = None
        self._schema: Schema | None = None
        self._schema_time = 0.0
        self._lock = threading.Lock()
        self._maker: tuple[tuple[str, ...], Callable[..., object]] = ((), dict)

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
                self._client = self._connect(fresh=True)
                self._schema = self._read_schema()
            self._schema_time = now
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Post one batch of events; see `Publisher.publish`.

        A 2xx answer means that Fiddler has queued the events; it shows them minutes later.
        """
        del deadline
        make_row = self._row_maker(batch.inferences[0].names)
        events = [make_row(*inference.values) for inference in batch.inferences]
        body = _encode(_Request(_Source(events), self._model_id))
        client = self._connected()
        try:
            self._post(client, body, len(batch))
        except CredentialsRefusedError:
            self._post(self._reconnected(client), body, len(batch))
        return ACCEPTED

    def _row_maker(self, names: tuple[str, ...]) -> Callable[..., object]:
        kept, maker = self._maker
        if kept is not names:
            maker = _row_maker(names)
            self._maker = (names, maker)
        return maker

    def _connected(self) -> RequestClient:
        with self._lock:
            return self._client or self._connect()

    def _reconnected(self, refused: RequestClient) -> RequestClient:
        """Connect with a fresh token, unless another thread has done so meanwhile."""
        with self._lock:
            if self._client is None or self._client is refused:
                return self._connect(fresh=True)
            return self._client

    def _post(self, client: RequestClient, body: bytes, rows: int) -> None:
        try:
            answer = client.post(
                url="/v3/events",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
                retry="off",
                allow_redirects=False,  # a redirected POST loses its body and "succeeds"
            )
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, PUBLISHING, self._site, rows) from error
        check_accepted(answer, rows, self._site)

    def _connect(self, *, fresh: bool = False) -> RequestClient:
        """Log in; two requests that check the token and the versions."""
        token = self._token.value(fresh=fresh)
        os.environ[_CLIENT_RETRY[0]] = _CLIENT_RETRY[1]
        # Their messages quote answers of the platform, which may quote rows, and headers.
        logging.getLogger("fiddler").setLevel(logging.ERROR)
        logging.getLogger("botocore.auth").setLevel(logging.INFO)
        from requests.utils import get_environ_proxies  # noqa: PLC0415

        try:
            connection = _connection_type(self._sign)(
                url=self._url,
                token=token,
                proxies=get_environ_proxies(self._url) or None,
                timeout=self._timeout,
                verify=_authorities(),
            )
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, "connect", self._site) from error
        self._client = connection.client
        return self._client

    def _read_schema(self) -> Schema:
        client = self._client or self._connect()
        try:
            answer = client.get(
                url=f"/v3/models/{self._model_id}", timeout=self._timeout, allow_redirects=False
            )
            schema = _schema_of(answer.json()["data"])
        except PublishError:
            raise
        except Exception as error:
            raise translate(error, "read the model", self._site) from error
        if not schema.types:
            message = f"The Fiddler model {self._model_id} has no columns."
            raise PublisherMisconfiguredError(message, "Give it a schema first.")
        return schema


def _connection_type(sign: Sign | None) -> type[Connection]:
    """The client's connection, all of whose requests are signed if they have to be."""
    from fiddler import Connection  # noqa: PLC0415 - takes a fifth of a second

    class OwnConnection(Connection):  # type: ignore[misc]
        @cached_property
        def client(self) -> RequestClient:
            # With this variable the client imports the SageMaker SDK, which fits no function.
            asked = os.environ.pop(_PARTNER_APP, None)
            try:
                client = super().client
            finally:
                if asked is not None:
                    os.environ[_PARTNER_APP] = asked
            # A redirection would take the token along to wherever it leads.
            client.session.max_redirects = 0
            # Proxies and authorities are handed in; all else that the environment could change
            # is a .netrc file, looked for at every request, whose user would replace the token.
            client.session.trust_env = False
            if sign is not None:
                client.session.auth = sign
            return client

    return OwnConnection


def _schema_of(model: dict[str, Any]) -> Schema:
    """Take what is needed of a model as the API shows it."""
    columns, spec = model["schema"]["columns"], model["spec"]
    return Schema(
        types={column["name"]: DataType(column["data_type"]) for column in columns},
        categories={
            column["name"]: tuple(column["categories"])
            for column in columns
            if column.get("categories")
        },
        event_id_column=model.get("event_id_col"),
        timestamp_column=model.get("event_ts_col"),
        required=(*(spec.get("inputs") or ()), *(spec.get("outputs") or ())),
    )


def _row_maker(names: tuple[str, ...]) -> Callable[..., object]:
    """Make a function from positional values to what encodes as an object with these names.

    A struct type is that, and spares the dictionary, which takes as long as its encoding.
    """
    fields = [f"column_{n}" for n in range(len(names))]
    renamed = dict(zip(fields, names, strict=True))
    try:
        return msgspec.defstruct("Row", fields, rename=renamed, gc=False)
    except ValueError:
        # msgspec takes no name with a quote, a backslash or a control character.
        return lambda *values: dict(zip(names, values, strict=True))


def _authorities() -> bool | str:
    """The certificate authorities to trust: requests' variables, which the client ignores."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := os.environ.get(name):
            return path
    return True
