"""Chats of 2 kB a CPU second, one call a line, as traces to a backend on the loopback interface.

python -m benchmarks.traces [--calls N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import plain
from benchmarks.workloads import ALL
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.report import FileReport
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.settings import load
from capture_forwarder.wiring.forwarder import build_forwarder

CALLS = 5_000
_ROUNDS = 5
_KEY = "captures/llama/AllTraffic/2026/03/01/10/chats.jsonl"
_SERVER = "from benchmarks.loopback import Answer, serve; serve(lambda request: Answer())"
_REDACTION = "input_messages=patterns,output_messages=patterns"
_HEADINGS = ("Route", "calls/s of CPU", "CPU ms a call")


def main() -> None:
    """Measure with and without redaction, in turn, and print the best of each."""
    parser = argparse.ArgumentParser(description="Measure traces of language models.")
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    routes = {
        "traces": {},
        "traces, not zipped": {"OTLP_COMPRESSION": "none"},
        "traces, prompts and answers redacted": {"FORWARDER_REDACT": _REDACTION},
    }
    with TemporaryDirectory() as name, _backend() as url:
        folder = Path(name)
        _write(folder / _KEY, calls)
        best: dict[str, float] = {}
        for _ in range(_ROUNDS):
            for route, settings in routes.items():
                seconds = _forward(folder, url, settings, calls)
                best[route] = min(seconds, best.get(route, seconds))
    cells = [
        [route, f"{calls / seconds:,.0f}", f"{1000 * seconds / calls:.2f}"]
        for route, seconds in best.items()
    ]
    print(plain(_HEADINGS, cells))


def _write(file: Path, calls: int) -> None:
    (chats,) = [one for one in ALL if one.name.startswith("chats")]
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(chats.lines(calls, 1)))


@contextmanager
def _backend() -> Iterator[str]:
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def _forward(folder: Path, url: str, settings: dict[str, str], calls: int) -> float:
    """CPU seconds of forwarding the file; every call has to arrive."""
    variables = {"FORWARDER_PUBLISHER": "otlp", "OTLP_URL": url, **settings}
    store = FolderObjectStore(folder)
    forwarder = build_forwarder(load(variables), store=store, reporter=CollectingReporter())
    started = time.process_time()
    (report,) = forwarder.forward(CaptureFile("bucket", _KEY), {}).values()
    seconds = time.process_time() - started
    assert isinstance(report, FileReport), report
    assert report.published == calls
    return seconds


if __name__ == "__main__":
    main()
