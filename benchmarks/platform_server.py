"""Fiddler's API for measuring: takes every event, as fast as a socket can be read.

    python -m benchmarks.platform_server

prints its port. Rows are counted by their one time, so that no run that lost rows counts.
"""

from __future__ import annotations

import json
import time
from functools import cache
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from benchmarks.captures import FEATURES, ID, MODEL_ID, OUTPUT, TIME
from benchmarks.loopback import Answer, Request, serve
from benchmarks.workloads import ALL, Workload
from tests.support.platforms.fiddler_model import ORGANIZATION, Model

_JSON = ("Content-Type: application/json",)
_MARKER = f'"{TIME}":'.encode()
_SERVER = {"server_version": "26.4.0", "feature_flags": {}, "organization": ORGANIZATION}


class Platform:
    """The model of the measurements, what it has been sent, and how slow its answers are."""

    def __init__(self) -> None:
        self._latency = self._first = 0.0
        self._requests = self._publishes = self._others = self._rows = self._bytes = 0
        model = Model.of(
            inputs=dict.fromkeys(FEATURES, "float"),
            outputs={OUTPUT: "float"},
            metadata={TIME: "timestamp", ID: "str"},
            event_id_col=ID,
            event_ts_col=TIME,
            model_id=MODEL_ID,
        )
        self._gets = {
            "/v3/server-info": _document(_SERVER),
            "/v3/version-compatibility": _document({}),
            f"/v3/models/{MODEL_ID}": _document(model.as_json()),
            **{
                f"/v3/models/{workload.model_id}": _document(_model_of(workload).as_json())
                for workload in ALL
            },
        }

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        path = urlsplit(request.path).path
        if path.startswith("/control/"):
            return self._control(request.path)
        self._requests += 1
        if request.method == "POST" and path == "/v3/events":
            return self._publish(request)
        if request.method == "GET" and path in self._gets:
            return Answer(self._gets[path], headers=_JSON)
        self._others += 1
        return Answer(b"{}", HTTPStatus.NOT_FOUND, _JSON)

    def _publish(self, request: Request) -> Answer:
        rows = request.body.count(_MARKER)
        self._rows += rows
        self._publishes += 1
        self._bytes += len(request.body)
        if not self._first:
            self._first = time.monotonic()
        return Answer(_accepted(rows), headers=_JSON, delay=self._latency)

    def _control(self, target: str) -> Answer:
        parts = urlsplit(target)
        if parts.path == "/control/reset":
            self._reset()
            self._latency = float(dict(parse_qsl(parts.query)).get("latency", "0"))
        stats = {
            "requests": self._requests,
            "publishes": self._publishes,
            "others": self._others,
            "rows": self._rows,
            "bytes": self._bytes,
            "first": self._first,
        }
        return Answer(json.dumps(stats).encode(), headers=_JSON)

    def _reset(self) -> None:
        self._requests = self._publishes = self._others = self._rows = self._bytes = 0
        self._first = 0.0


def _model_of(workload: Workload) -> Model:
    return Model.of(
        inputs=workload.columns,
        outputs={OUTPUT: workload.output},
        metadata={TIME: "timestamp", ID: "str", **workload.metadata},
        event_id_col=ID,
        event_ts_col=TIME,
        model_id=workload.model_id,
    )


def _document(data: object) -> bytes:
    return json.dumps({"api_version": "3.0", "kind": "NORMAL", "data": data}).encode()


@cache
def _accepted(rows: int) -> bytes:
    """The answer to so many events: an id for each, as Fiddler gives."""
    ids = [str(UUID(int=n)) for n in range(rows)]
    return _document({"source_type": "EVENTS", "event_ids": ids})


if __name__ == "__main__":
    serve(Platform())
