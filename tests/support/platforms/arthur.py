"""Arthur's v3 API, as far as sending SageMaker Data Capture to it uses it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from .arthur_capture import Cells, Event, UnreadableError, read_event
from .platform_server import PlatformServer, RefusedError
from .server import Reply, Request, Row

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MODEL_ID", "TOKEN", "ArthurServer", "Stored"]

MODEL_ID = "7c0e5b1d-93f4-4a68-8d27-b16f3e9a0c52"
TOKEN = "loopback-arthur-token"  # noqa: S105

_PATH = re.compile(r"/api/v3/models/([^/]+)/inferences/integrations/sagemaker_data_capture")


@dataclass(frozen=True)
class Stored:
    """One inference that took effect."""

    partner_id: str
    inputs: Cells
    outputs: Cells


@dataclass(frozen=True)
class _Failing:
    """Inferences that fail for a while, as when the platform is short of something."""

    selects: Callable[[str], bool]
    status: int
    times: int


class ArthurServer(PlatformServer):
    """Arthur on the loopback interface.

    An inference refused by its id fails alone; the others of its request are stored.

    Attributes
    ----------
    token
        The one token that is accepted, without "Bearer"; set it to rotate.
    lines
        The lines of the requests that took effect, as they arrived.
    stored
        The inferences that took effect, in order.

    Examples
    --------
    One inference fails and is stored when it is sent again::

        with ArthurServer() as server:
            server.fail_ids(lambda partner_id: partner_id == "call_1")
            publish(server.url, server.token)
            assert server.published_ids == ["call_0", "call_2", "call_1"]
    """

    def __init__(self, model_id: str = MODEL_ID, token: str = TOKEN) -> None:
        super().__init__()
        self.model_id = model_id
        self.token = token
        self.lines: list[bytes] = []
        self.stored: list[Stored] = []
        self._failing: _Failing | None = None
        self._failures: Counter[str] = Counter()

    @property
    def published_ids(self) -> list[str]:
        """The partner ids of the inferences that took effect."""
        with self.lock:
            return [stored.partner_id for stored in self.stored]

    def ids_in(self, request: Request) -> list[str]:
        """Return the partner ids of the inferences that a publish request brought."""
        try:
            events = [read_event(line) for line in _lines_in(request)]
        except (RefusedError, UnreadableError):
            return []
        return [partner_id for event in events for partner_id in event.partner_ids]

    def fail_ids(
        self, failing: Callable[[str], bool] | None, status: int = 503, times: int = 1
    ) -> None:
        """Let such inferences fail, each at most `times` times; ``None`` ends it."""
        with self.lock:
            self._failing = None if failing is None else _Failing(failing, status, times)
            self._failures.clear()

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request brings capture lines."""
        return method == "POST" and _PATH.fullmatch(path) is not None

    def error(self, status: int, message: str) -> Reply:
        """Return an error as JSON; its form is not documented."""
        return Reply.of_json(status, {"error": message})

    def handle(self, request: Request) -> Reply:
        """Answer as Arthur does, and store the inferences it would take."""
        if request.headers.get("authorization") != self.token:
            raise RefusedError(401, "Unauthorized")
        match = _PATH.fullmatch(request.path)
        if request.method != "POST" or match is None or request.query:
            raise RefusedError(404, "No such resource")
        if match[1] != self.model_id:
            raise RefusedError(404, "No such model")
        self.check_size(request)
        lines = _lines_in(request)
        try:
            events = [read_event(line) for line in lines]
        except UnreadableError as error:
            raise RefusedError(400, str(error)) from error
        # What a test selects may look at this server: it is asked before the lock is taken.
        outcomes = [
            self._outcome(event, index, partner_id)
            for event in events
            for index, partner_id in enumerate(event.partner_ids)
        ]
        stored = [outcome for outcome in outcomes if isinstance(outcome, Stored)]
        failures = [outcome for outcome in outcomes if not isinstance(outcome, Stored)]
        with self.lock:
            self.lines += lines
            self.stored += stored
        counts = {"success": len(stored), "failure": len(failures), "total": len(outcomes)}
        return Reply.of_json(207, {"counts": counts, "failures": failures})

    def _outcome(self, event: Event, index: int, partner_id: str) -> Stored | Row:
        status, message = (400, event.error) if event.error else self._failure_of(partner_id)
        if not status:
            return Stored(partner_id, event.inputs[index], event.outputs[index])
        return {
            "message": message,
            "status": status,
            "event_id": event.event_id,
            "inference_index_in_event": index,
        }

    def _failure_of(self, partner_id: str) -> tuple[int, str]:
        status = self.refusal_of([partner_id])
        if status is not None:
            return status, "invalid inference"
        failing = self._failing
        if failing is None or not failing.selects(partner_id):
            return 0, ""
        with self.lock:
            if self._failures[partner_id] >= failing.times:
                return 0, ""
            self._failures[partner_id] += 1
        return failing.status, "could not be stored"


def _lines_in(request: Request) -> list[bytes]:
    parts = _parts(request)
    if len(parts) != 1:
        raise RefusedError(400, "The form has not exactly one part")
    headers, content = parts[0]
    if headers.get_content_disposition() != "form-data":
        raise RefusedError(400, "The part is not form-data")
    if headers.get_param("name", header="content-disposition") != "inference_data":
        raise RefusedError(400, "The part is not inference_data")
    if not (headers.get_filename() or "").endswith(".jsonl"):
        raise RefusedError(400, "The file's name does not end in .jsonl")
    if not content:
        raise RefusedError(400, "The file is empty")
    return content.removesuffix(b"\n").split(b"\n")


def _parts(request: Request) -> list[tuple[Message, bytes]]:
    form = Message()
    form["Content-Type"] = request.headers.get("content-type", "")
    boundary = form.get_boundary()
    if form.get_content_type() != "multipart/form-data" or not boundary:
        raise RefusedError(400, "Content-Type is not multipart/form-data with a boundary")
    first, *parts = (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode())
    last = parts.pop() if parts else b""
    whole = not first and last.rstrip(b"\r\n") == b"--"
    if not whole or not all(part.startswith(b"\r\n") for part in parts):
        raise RefusedError(400, "The body is not a whole form")
    return [_part(part.removeprefix(b"\r\n")) for part in parts]


def _part(part: bytes) -> tuple[Message, bytes]:
    head, blank, content = part.partition(b"\r\n\r\n")
    if not blank:
        raise RefusedError(400, "A part has no end of its headers")
    return BytesHeaderParser().parsebytes(head + blank), content
