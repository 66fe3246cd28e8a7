"""A real browser, driven by its own protocol over two pipes: no port, no client library.

The protocol: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--no-default-browser-check", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps"),
    *("--disable-extensions", "--metrics-recording-only", "--hide-scrollbars"),
    *("--remote-debugging-pipe", "about:blank"),
)
# The protocol's ends in the browser: it reads from 3 and writes to 4.
_READ, _WRITE = 3, 4


@dataclass
class Seen:
    """What a page did: the addresses that it asked for, and what it said of errors."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Page:
    """An open page."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._rest = b""
        self._sent = 0
        self._session: str | None = None
        self.seen = Seen()
        target = self._do("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._do("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._do(f"{domain}.enable")

    def open(self, path: Path, *, width: int, height: int = 900, dark: bool = False) -> Seen:
        """Open a file in a window of some size and colour scheme; give what it did meanwhile."""
        self.seen = Seen()
        self._do(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._do("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._do("Page.navigate", {"url": path.resolve().as_uri()})
        while self._next().get("method") != "Page.loadEventFired":
            pass
        self.ask("1")  # whatever the page has still to say, comes before the answer
        return self.seen

    def ask(self, expression: str) -> Any:
        """Evaluate JavaScript and give its value."""
        answer = self._do("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        more = {"captureBeyondViewport": True, "format": "png"}
        return base64.b64decode(self._do("Page.captureScreenshot", more)["data"])

    def print_pdf(self) -> bytes:
        """What a printer would get."""
        return base64.b64decode(self._do("Page.printToPDF", {"printBackground": True})["data"])

    def _do(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": parameters or {}}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._answers, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        message = dict(json.loads(text))
        self._notice(message.get("method", ""), message.get("params", {}))
        return message

    def _notice(self, method: str, facts: Mapping[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.seen.requests.append(facts["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.seen.errors.append(str(facts["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and facts["type"] in {"error", "warning"}:
            self.seen.errors.append(str(facts["args"]))
        elif method == "Log.entryAdded":
            self.seen.errors.append(str(facts["entry"]["text"]))


@contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with a profile of its own; it ends with the context."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        reading, commands = os.pipe()
        answers, writing = os.pipe()
        nothing = os.open(os.devnull, os.O_RDWR)
        # Away from 3 and 4, which the browser's own ends become, and from all that is open.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _WRITE + 1) for end in (reading, writing)]
        process = os.posix_spawn(
            CHROMIUM,
            [CHROMIUM, f"--user-data-dir={profile}", *_OPTIONS],
            dict(os.environ),
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, nothing, number) for number in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, ends[0], _READ),
                (os.POSIX_SPAWN_DUP2, ends[1], _WRITE),
            ],
            setpgroup=0,
        )
        for end in (reading, writing, nothing, *ends):
            os.close(end)
        try:
            yield Page(commands, answers)
        finally:
            os.close(commands)
            os.close(answers)
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
