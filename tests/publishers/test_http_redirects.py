"""A redirect is never followed: the token would go wherever it leads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from capture_forwarder.publishers.http import HttpClient, Service


@contextmanager
def server(redirect_to: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve on the loopback interface; yield the address and the Authorization headers it got."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tokens.append(self.headers.get("Authorization", ""))
            self.send_response(302 if redirect_to else 200)
            if redirect_to:
                self.send_header("Location", redirect_to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}", tokens
    finally:
        http.shutdown()
        http.server_close()


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_token_goes_to_no_other_address_than_the_one_that_was_set(method: str) -> None:
    with server() as (elsewhere, leaked), server(redirect_to=elsewhere) as (url, tokens):
        client = HttpClient(Service("A platform", url, "URL"), 5.0)
        headers = {"Authorization": "Bearer secret"}

        answer = client.send(method, "/rows", "publish", data=b"[]", headers=headers)

    assert answer.status_code == 302
    assert tokens == ["Bearer secret"]
    assert leaked == []
