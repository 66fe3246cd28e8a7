"""A small HTTP server for measuring: one process, keep-alive, no thread, no parsing of bodies.

It must never be what limits a measurement. A body is received into a buffer of its declared
length without being copied, a file is sent by the kernel, and a slow answer waits on a timer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

HOST = "127.0.0.1"
_HEAD_BYTES = 64 * 1024
_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """One request; the names of its headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytearray


@dataclass(frozen=True)
class Answer:
    """What is sent back: a body or `length` bytes of a file, after `delay` seconds."""

    body: bytes = b""
    status: int = HTTPStatus.OK
    headers: tuple[str, ...] = ()
    delay: float = 0.0
    file: Path | None = None
    start: int = 0
    length: int = 0

    def head(self) -> bytes:
        """Return the status line and the headers."""
        length = len(self.body) if self.file is None else self.length
        lines = [f"HTTP/1.1 {int(self.status)} {HTTPStatus(self.status).phrase}"]
        lines += [*self.headers, f"Content-Length: {length}"]
        return "\r\n".join(lines).encode() + _END


Application = Callable[[Request], Answer]


class Connection(asyncio.BufferedProtocol):
    """One connection, one request at a time."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._head = bytearray(_HEAD_BYTES)
        self._filled = 0
        self._body: bytearray | None = None
        self._request = Request("", "", {}, bytearray())
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's own signature
        """Say where the next bytes go."""
        target = self._head if self._body is None else self._body
        return memoryview(target)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of bytes, and answer when the request is complete."""
        self._filled += nbytes
        if self._body is None:
            end = self._head.find(_END, 0, self._filled)
            if end < 0:
                return
            self._begin(end)
        if self._body is not None and self._filled == len(self._body):
            self._finish()

    def _begin(self, end: int) -> None:
        line, *fields = self._head[:end].decode("latin-1").split("\r\n")
        method, path, _ = line.split(" ")
        headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            headers[name.lower()] = value.strip()
        assert "transfer-encoding" not in headers, "a body must declare its length"
        self._body = bytearray(int(headers.get("content-length", "0")))
        early = self._head[end + len(_END) : self._filled]
        assert len(early) <= len(self._body), "a request came before the last one was answered"
        self._body[: len(early)] = early
        self._filled = len(early)
        self._request = Request(method, path, headers, self._body)
        if headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue" + _END)

    def _finish(self) -> None:
        self._body, self._filled = None, 0
        answer = self._application(self._request)
        if answer.delay:
            asyncio.get_running_loop().call_later(answer.delay, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(answer.head() + answer.body)
        if answer.file is not None and answer.length:
            task = asyncio.get_running_loop().create_task(self._send_file(answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_file(self, answer: Answer) -> None:
        assert answer.file is not None
        loop = asyncio.get_running_loop()
        with answer.file.open("rb") as file:
            try:
                await loop.sendfile(self._transport, file, answer.start, answer.length)
            except (ConnectionError, RuntimeError):
                self._transport.close()


def serve(application: Application) -> None:
    """Serve at a free port, which is printed, until standard input is closed."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(application), HOST, 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        over = asyncio.Event()
        loop.add_reader(sys.stdin, over.set)
        await over.wait()

    asyncio.run(run())
