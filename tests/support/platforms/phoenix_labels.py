"""Phoenix's annotations of spans, as far as labels use them."""

from __future__ import annotations

from typing import Any

from .otlp import OtlpServer
from .platform_server import RefusedError, read_json
from .server import Reply, Request

__all__ = ["PhoenixLabelServer"]


class PhoenixLabelServer(OtlpServer):
    """A Phoenix on the loopback interface, which has the span of every inference but of some.

    Attributes
    ----------
    unknown
        The ids of inferences whose spans it does not have.
    annotations
        What is stored: span, name and identifier → the annotation.
    """

    path = "/v1/span_annotations"

    def __init__(self) -> None:
        super().__init__()
        self.unknown: set[str] = set()
        self.annotations: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._published: list[str] = []

    @property
    def published_ids(self) -> list[str]:
        """The ids of the inferences that were annotated, each once a request."""
        with self.lock:
            return list(self._published)

    def ids_in(self, request: Request) -> list[str]:
        """Return the ids of the inferences that a request annotates."""
        try:
            sent = read_json(request)["data"]
        except RefusedError:
            return []
        return list(dict.fromkeys(one["metadata"]["inference_id"] for one in sent))

    def error(self, status: int, message: str) -> Reply:
        """Return an error as FastAPI has it."""
        return Reply.of_json(status, {"detail": message})

    def handle(self, request: Request) -> Reply:
        """Answer as Phoenix does, and store the annotations it would take."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise RefusedError(401, "Unauthorized")
        if not self.publishes(request.method, request.path) or request.query != "sync=true":
            raise RefusedError(404, "Not Found")
        self.check_size(request)
        sent, ids = read_json(request)["data"], self.ids_in(request)
        if (status := self.refusal_of(ids)) is not None:
            raise RefusedError(status, "invalid annotation")
        unknown = (one for one in sent if one["metadata"]["inference_id"] in self.unknown)
        missing = [one["span_id"] for one in unknown]
        if missing:
            raise RefusedError(404, f"Spans with IDs {', '.join(missing)} do not exist.")
        with self.lock:
            self._published += ids
            for one in sent:
                self.annotations[one["span_id"], one["name"], one["identifier"]] = one
        return Reply.of_json(200, {"data": [{"id": str(n)} for n in range(len(sent))]})
