"""MLflow's assessments of traces, as far as labels use them."""

from __future__ import annotations

import re
from typing import Any

from capture_forwarder.publishers.otlp.ids import trace_id

from .otlp import OtlpServer
from .platform_server import RefusedError, read_json
from .server import Reply, Request

__all__ = ["MlflowLabelServer"]

_PATH = re.compile(r"/api/3\.0/mlflow/traces/(tr-[0-9a-f]{32})(/assessments(?:/([^/]+))?)?")
_CODES = {400: "INVALID_PARAMETER_VALUE", 404: "RESOURCE_DOES_NOT_EXIST", 500: "INTERNAL_ERROR"}


class MlflowLabelServer(OtlpServer):
    """An MLflow on the loopback interface, which has the trace of every inference but of some.

    Attributes
    ----------
    unknown
        The ids of inferences whose traces it does not have.
    own_ids
        Whether it gives assessments ids of its own, whatever they come with.
    assessments
        What is stored: the trace → its assessments, in the order in which they were made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unknown: set[str] = set()
        self.own_ids = False
        self.assessments: dict[str, list[dict[str, Any]]] = {}
        self._published: list[str] = []

    @property
    def stored(self) -> list[dict[str, Any]]:
        """All assessments."""
        with self.lock:
            return [dict(one) for held in self.assessments.values() for one in held]

    @property
    def looks(self) -> list[Request]:
        """The requests for the assessments of a trace."""
        with self.lock:
            return [request for request in self.requests if request.method == "GET"]

    @property
    def published_ids(self) -> list[str]:
        """The ids of the inferences whose traces were assessed, once a request."""
        with self.lock:
            return list(self._published)

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request makes or changes an assessment."""
        match = _PATH.fullmatch(path)
        return match is not None and bool(match[2]) and method in {"POST", "PATCH"}

    def ids_in(self, request: Request) -> list[str]:
        """Return the id of the inference that a request labels."""
        try:
            sent = read_json(request)["assessment"]
        except RefusedError:
            return []
        match = _PATH.fullmatch(request.path)
        assert match is not None
        with self.lock:
            held = [*self.assessments.get(match[1], []), sent]
        return [one["metadata"]["inference_id"] for one in held if "metadata" in one][:1]

    def error(self, status: int, message: str) -> Reply:
        """Return an error as MLflow has it."""
        return Reply.of_json(status, {"error_code": _CODES.get(status, ""), "message": message})

    def handle(self, request: Request) -> Reply:
        """Answer as MLflow does, and store the assessments it would take."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise RefusedError(401, "Unauthorized")
        match = _PATH.fullmatch(request.path)
        if match is None:
            return Reply(404, b"<!doctype html><title>404 Not Found</title>", "text/html")
        trace, assessed, which = match.groups()
        if trace in {f"tr-{trace_id(name).hex()}" for name in self.unknown}:
            raise RefusedError(404, f"Trace with ID '{trace}' not found.")
        if request.method == "GET" and not assessed:
            with self.lock:
                held = [dict(one) for one in self.assessments.get(trace, [])]
            info = {"trace_id": trace, "state": "OK", **({"assessments": held} if held else {})}
            return Reply.of_json(200, {"trace": {"trace_info": info}})
        return self._assess(request, trace, which)

    def _assess(self, request: Request, trace: str, which: str | None) -> Reply:
        self.check_size(request)
        sent, ids = read_json(request), self.ids_in(request)
        if (status := self.refusal_of(ids)) is not None:
            raise RefusedError(status, "invalid assessment")
        value = _as_stored(sent["assessment"]["feedback"]["value"])
        with self.lock:
            held = self.assessments.setdefault(trace, [])
            if request.method == "PATCH":
                assert sent["update_mask"] == "feedback"
                (one,) = (each for each in held if each["assessment_id"] == which)
            else:
                one = self._made(sent["assessment"], trace, held)
            one["feedback"] = {"value": value}
            self._published += ids
            return Reply.of_json(200, {"assessment": one})

    def _made(self, sent: dict[str, Any], trace: str, held: list[dict[str, Any]]) -> dict[str, Any]:
        one = {**sent, "trace_id": trace, "valid": True}
        if self.own_ids:
            one["assessment_id"] = f"a-{len(held)}"
        if one["assessment_id"] in {each["assessment_id"] for each in held}:
            said = f"Failed to create assessment for trace '{trace}'"
            raise RefusedError(500, f"{said} due to a constraint violation.")
        held.append(one)
        return one


def _as_stored(value: Any) -> Any:
    """A value as protobuf's `Value` holds it, whose numbers are floats."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole else value
