"""An HTTP server on the loopback interface that records what it is sent and fails as told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from .faults import Answer, Fault, FaultPlan, Reset, Slow, Status, Truncated, takes_effect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

Json: TypeAlias = Any
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request as it arrived, without anything that depends on time.

    Attributes
    ----------
    sequence
        Its place among all requests, from 1.
    publish_number
        Its place among the requests that publish, from 1; 0 if it does not publish.
    headers
        Names in lower case.
    """

    sequence: int
    publish_number: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @cached_property
    def json(self) -> Json:
        """The body, read as strict JSON.

        Raises
        ------
        ValueError
            If it is not UTF-8, not JSON, or holds NaN or an infinity.
        """
        return json.loads(self.body.decode(), parse_constant=_refuse_constant)


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, value: object) -> Reply:
        """Answer with `value` as JSON."""
        return cls(status, json.dumps(value, allow_nan=False).encode())


class LoopbackServer(ABC):
    """A platform on 127.0.0.1, at a free port, for the length of a ``with`` block.

    `host` may be another address of this machine, at which containers reach it. A subclass says
    which requests publish and how the platform answers; faults, keep-alive and the record of
    requests are the same for every platform.
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.faults = FaultPlan()
        self.lock = threading.Lock()
        self.requests: list[Request] = []
        self._arrival = threading.Condition(self.lock)
        self._publishes = 0
        self._closing = threading.Event()
        self._held: list[threading.Event] = []
        self._http = _HttpServer(self, self.host)
        self._scheme = "http"

    def use_tls(self, certificate: Path) -> None:
        """Speak TLS from now on, with a certificate and the key in its file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._scheme = "https"

    @abstractmethod
    def publishes(self, method: str, path: str) -> bool:
        """Tell whether such a request publishes: only those take faults from the queue."""

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Answer as the platform does, and store what it would store."""

    @abstractmethod
    def error(self, status: int, message: str) -> Reply:
        """Return the platform's own form of an error."""

    @property
    def url(self) -> str:
        """The address to give to a client, without a slash at its end."""
        return f"{self._scheme}://{self.host}:{self._http.server_port}"

    @property
    def open_connections(self) -> int:
        """How many connections there are."""
        return len(self._http.connections)

    @property
    def publish_requests(self) -> list[Request]:
        """The requests that publish, in the order they arrived."""
        with self.lock:
            return [request for request in self.requests if request.publish_number]

    def fail_next(self, *faults: Fault | None) -> None:
        """Queue one fault for each of the next publish requests; ``None`` lets one pass."""
        self.faults.extend(faults)

    def fail_when(self, selects: Callable[[Request], bool], fault: Fault) -> None:
        """Give `fault` to every request, of any kind, that `selects` is true of."""
        self.faults.add_rule(selects, fault)

    def wait_for_publishes(self, count: int, timeout: float = 30.0) -> bool:
        """Wait until `count` publish requests have arrived, answered or not."""
        with self._arrival:
            return self._arrival.wait_for(lambda: self._publishes >= count, timeout)

    def __enter__(self) -> Self:
        """Start to serve."""
        # The short poll only bounds how long leaving the block takes.
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, close every connection, and raise what went wrong inside the server itself."""
        self._closing.set()
        for release in tuple(self._held):
            release.set()
        self._http.shutdown()
        self._http.server_close()
        if kind is None and self._http.defects:
            raise self._http.defects[0]

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        """Record a request."""
        path, _, query = target.partition("?")
        with self._arrival:
            number = 0
            if self.publishes(method, path):
                self._publishes = number = self._publishes + 1
            sequence = len(self.requests) + 1
            request = Request(sequence, number, method, path, query, headers, body)
            self.requests.append(request)
            self._arrival.notify_all()
        return request

    def respond(self, request: Request) -> tuple[Reply | None, Fault | None]:
        """Return the answer to a request, and the fault that the connection has yet to suffer."""
        fault = self.faults.take(request)
        reply = self.answer(request) if takes_effect(fault) else None
        if isinstance(fault, Slow):
            self._held.append(fault.release)
            if not self._closing.is_set():
                fault.release.wait(fault.seconds)
            fault = fault.then
        if isinstance(fault, Status):
            reply = self._error_reply(fault)
        elif isinstance(fault, Answer):
            reply = Reply(fault.status, fault.body, fault.content_type)
        return reply, fault

    def _error_reply(self, fault: Status) -> Reply:
        message = fault.message or HTTPStatus(fault.code).phrase
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if fault.body == "html":
            page = f"<html><head><title>{fault.code} {message}</title></head></html>"
            return Reply(fault.code, page.encode(), "text/html", headers)
        return replace(self.error(fault.code, message), headers=headers)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, platform: LoopbackServer, host: str) -> None:
        self.platform = platform
        self.defects: list[BaseException] = []
        self.connections: set[socket.socket] = set()
        super().__init__((host, 0), _Handler)

    def server_close(self) -> None:
        super().server_close()
        for connection in tuple(self.connections):
            # A handler that waits for the next request on it wakes up and ends.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        defect = sys.exception()
        # A client may go away at any time; all else is a defect of the server itself.
        if defect is not None and not isinstance(defect, ConnectionError):
            self.defects.append(defect)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        platform = self.server.platform
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        # The base class hides a second slash at the beginning of the path.
        target = self.requestline.split()[1]
        reply, fault = platform.respond(platform.receive(self.command, target, headers, body))
        if reply is None or isinstance(fault, Reset):
            self._reset()
        else:
            self._send(reply, truncated=isinstance(fault, Truncated))

    def _send(self, reply: Reply, *, truncated: bool) -> None:
        self.send_response(reply.status)
        if reply.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if truncated else reply.body)
        self.close_connection = self.close_connection or truncated

    def _reset(self) -> None:
        # Closing with a linger time of zero sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Keep quiet: the requests are on record."""


def _refuse_constant(name: str) -> None:
    reason = f"{name} is not JSON"
    raise ValueError(reason)
