"""Fiddler's API, as far as publishing events uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .fiddler_model import CHURN_MODEL, MODEL_ID, ORGANIZATION, Column, Model
from .platform_server import PlatformServer, RefusedError, read_json
from .server import Reply, Request, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "CHURN_MODEL",
    "EVENT_LIMIT",
    "MODEL_ID",
    "TOKEN",
    "Column",
    "FiddlerServer",
    "Model",
    "Stored",
]

TOKEN = "loopback-token"  # noqa: S105
EVENT_LIMIT = 1000


@dataclass(frozen=True)
class Stored:
    """The events of one request that took effect."""

    sequence: int
    model_id: str
    env_type: str
    is_update: bool
    events: tuple[Row, ...]


class FiddlerServer(PlatformServer):
    """Fiddler on the loopback interface.

    Attributes
    ----------
    token
        The one token that is accepted; set it to rotate.
    server_version
        What ``/v3/server-info`` tells.
    stored
        What took effect, in order.

    Examples
    --------
    The first batch meets a 503 and is delivered when it is sent again::

        with FiddlerServer(model) as server:
            server.fail_next(Status(503))
            publish(server.url, server.token)
            assert server.batch_sizes == [1000, 1000]
            assert len(server.events) == 1000
    """

    def __init__(self, *models: Model, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.server_version = "26.4.0"
        self.stored: list[Stored] = []
        self._models = {model.id: model for model in models}
        self._refusal: tuple[Callable[[Row], bool], int] | None = None
        self._anonymous_events = 0

    @property
    def events(self) -> list[Row]:
        """Every published event, in the order stored."""
        return self._stored_events(is_update=False)

    @property
    def updates(self) -> list[Row]:
        """Every update of an event, in the order stored."""
        return self._stored_events(is_update=True)

    @property
    def published_ids(self) -> list[str]:
        """The ids of the published events, by the event id column of their model."""
        with self.lock:
            return [
                event_id
                for stored in self.stored
                if not stored.is_update
                for event_id in self._ids(stored.model_id, stored.events)
            ]

    @property
    def batch_sizes(self) -> list[int]:
        """How many events each publish request brought, whatever became of it."""
        return [len(_events_in(request)) for request in self.publish_requests]

    def serve(self, model: Model) -> None:
        """Add a model, or replace the one of the same id."""
        self._models[model.id] = model

    def refuse(self, refused: Callable[[Row], bool] | None, status: int = 400) -> None:
        """Refuse every request that holds such a row, whole and without naming the row.

        ``None`` refuses no row any more.
        """
        self._refusal = None if refused is None else (refused, status)

    def ids_in(self, request: Request) -> list[str]:
        """Return the ids of the events or updates that a publish request brought."""
        events = [event for event in _events_in(request) if isinstance(event, dict)]
        return self._ids(str(request.json.get("model_id")), events) if events else []

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request publishes or updates events."""
        return method in {"POST", "PATCH"} and path == "/v3/events"

    def error(self, status: int, message: str) -> Reply:
        """Return an error in Fiddler's form."""
        item = {"reason": "LoopbackError", "message": message, "help": ""}
        error = {"code": status, "message": message, "errors": [item]}
        return Reply.of_json(status, {"api_version": "3.0", "kind": "ERROR", "error": error})

    def handle(self, request: Request) -> Reply:
        """Answer as Fiddler does, and store the events it would take."""
        self._authenticate(request)
        data = self._data(request)
        return Reply.of_json(200, {"api_version": "3.0", "kind": "NORMAL", "data": data})

    def _stored_events(self, *, is_update: bool) -> list[Row]:
        with self.lock:
            return [
                event
                for stored in self.stored
                if stored.is_update is is_update
                for event in stored.events
            ]

    def _authenticate(self, request: Request) -> None:
        # As a SageMaker partner app the platform finds the token in a header of its own, because
        # the usual one carries the AWS signature.
        sent = request.headers.get("x-amz-partner-app-authorization") or request.headers.get(
            "authorization"
        )
        if sent != f"Bearer {self.token}":
            raise RefusedError(401, "Authentication failed")

    def _data(self, request: Request) -> dict[str, Any]:
        if self.publishes(request.method, request.path):
            return self._publish(request)
        if request.method == "GET" and request.path == "/v3/server-info":
            return {
                "server_version": self.server_version,
                "feature_flags": {},
                "organization": ORGANIZATION,
            }
        if request.method == "GET" and request.path == "/v3/version-compatibility":
            return {}
        prefix, _, name = request.path.rpartition("/")
        if request.method == "GET" and prefix == "/v3/models":
            return self._model(name).as_json()
        raise RefusedError(404, f"No such resource: {request.method} {request.path}")

    def _model(self, model_id: object) -> Model:
        model = self._models.get(str(model_id))
        if model is None:
            raise RefusedError(404, "Model not found for the given identifier")
        return model

    def _publish(self, request: Request) -> dict[str, Any]:
        self.check_size(request)
        body = _document(request)
        model = self._model(body.get("model_id"))
        env_type = body.get("env_type")
        if env_type not in {"PRODUCTION", "PRE_PRODUCTION"}:
            raise RefusedError(400, "env_type is neither PRODUCTION nor PRE_PRODUCTION")
        events = _valid_events(body)
        is_update = request.method == "PATCH"
        key = model.event_id_col
        if is_update and (key is None or any(event.get(key) is None for event in events)):
            raise RefusedError(400, "An update needs the event id column")
        if not is_update and not all(map(model.reads_time_of, events)):
            raise RefusedError(400, "The time of an event cannot be read")
        if self._refusal is not None and any(map(self._refusal[0], events)):
            raise RefusedError(self._refusal[1], "Invalid event data")
        status = self.refusal_of(self._ids(model.id, events))
        if status is not None:
            raise RefusedError(status, "Invalid event data")
        with self.lock:
            self.stored.append(
                Stored(request.sequence, model.id, env_type, is_update, tuple(events))
            )
            event_ids = [self._event_id(event, key) for event in events]
        return {"source_type": "EVENTS", "event_ids": event_ids}

    def _ids(self, model_id: str, events: Iterable[Row]) -> list[str]:
        model = self._models.get(model_id)
        key = None if model is None else model.event_id_col
        if key is None:
            return []
        return [str(event[key]) for event in events if event.get(key) is not None]

    def _event_id(self, event: Row, key: str | None) -> str:
        if key is not None and event.get(key) is not None:
            return str(event[key])
        self._anonymous_events += 1
        return str(UUID(int=self._anonymous_events))


def _document(request: Request) -> dict[str, Any]:
    body = read_json(request)
    if not isinstance(body, dict):
        raise RefusedError(400, "The body is not an object")
    return body


def _valid_events(body: Mapping[str, Any]) -> Sequence[Row]:
    source = body.get("source")
    if not isinstance(source, dict) or source.get("type") != "EVENTS":
        raise RefusedError(400, "source is not of type EVENTS")
    events = source.get("events")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise RefusedError(400, "source.events is not a list of objects")
    if len(events) > EVENT_LIMIT:
        raise RefusedError(400, f"A request holds at most {EVENT_LIMIT} events")
    return events


def _events_in(request: Request) -> list[Any]:
    try:
        return list(request.json["source"]["events"])
    except (ValueError, TypeError, LookupError):
        return []
