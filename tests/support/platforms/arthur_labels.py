"""Arthur's v3 API, as far as updating ground truth uses it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .arthur import ArthurServer
from .platform_server import RefusedError, read_json
from .server import Reply, Request, Row

if TYPE_CHECKING:
    from .server import Json

_PATH = re.compile(r"/api/v3/models/([^/]+)/inferences")
_KEYS = {"partner_inference_id", "ground_truth_timestamp", "ground_truth_data"}


class ArthurLabelServer(ArthurServer):
    """Arthur whose publish requests update ground truth: one result for each, in order.

    Attributes
    ----------
    ground_truth
        The updates that took effect, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ground_truth: list[Row] = []

    @property
    def published_ids(self) -> list[str]:
        """The partner ids of the updates that took effect."""
        with self.lock:
            return [update["partner_inference_id"] for update in self.ground_truth]

    def ids_in(self, request: Request) -> list[str]:
        """Return the partner ids that a request brought."""
        try:
            return [update["partner_inference_id"] for update in request.json]
        except (ValueError, TypeError, LookupError):
            return []

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request updates inferences."""
        return method == "PATCH" and _PATH.fullmatch(path) is not None

    def handle(self, request: Request) -> Reply:
        """Answer as Arthur does, and store what it would."""
        if request.headers.get("authorization") != self.token:
            raise RefusedError(401, "Unauthorized")
        match = _PATH.fullmatch(request.path)
        if request.method != "PATCH" or match is None or request.query:
            raise RefusedError(404, "No such resource")
        if match[1] != self.model_id:
            raise RefusedError(404, "No such model")
        self.check_size(request)
        updates = read_json(request)
        if not isinstance(updates, list) or not updates:
            raise RefusedError(400, "The body is not a list of updates")
        results = [self._update(update) for update in updates]
        done = sum(result["status"] == 200 for result in results)
        counts = {"success": done, "failure": len(results) - done, "total": len(results)}
        return Reply.of_json(207, {"counts": counts, "results": results})

    def _update(self, update: Json) -> Row:
        if problem := _problem(update):
            return {"message": problem, "status": 400}
        status, message = self._failure_of(update["partner_inference_id"])
        if status:
            return {"message": message, "status": status}
        with self.lock:
            self.ground_truth.append(update)
        return {"message": "success", "status": 200}


def _problem(update: Any) -> str:
    if not isinstance(update, dict) or update.keys() != _KEYS:
        return "invalid inference: not the three keys"
    if not isinstance(update["ground_truth_data"], dict) or not update["ground_truth_data"]:
        return "invalid inference: no ground truth"
    try:
        time = datetime.fromisoformat(update["ground_truth_timestamp"])
    except (TypeError, ValueError):
        return "invalid inference: no time"
    return "" if time.utcoffset() == timedelta(0) else "invalid inference: the time is not UTC"
