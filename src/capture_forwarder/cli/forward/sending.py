"""Files on their way, with what a terminal shows meanwhile and what Ctrl-C does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import FrameType

from rich.progress import BarColumn, TaskID, TextColumn

from capture_forwarder.cli.forward.document import outcome_json
from capture_forwarder.cli.forward.outcomes import Outcome, Sending, Sent
from capture_forwarder.cli.terminal.console import ERR, say, say_json
from capture_forwarder.cli.terminal.progress import TransientProgress
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError, UnexpectedError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import Invocation
from capture_forwarder.forwarding.pace import Pace, WatchedStore
from capture_forwarder.forwarding.side_by_side import side_by_side
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.quarantine.dropping import Delivery, Dropped, drop_delivered
from capture_forwarder.wiring.cold_start import collect_garbage_seldom
from capture_forwarder.wiring.forwarder import files_at_once
from capture_forwarder.wiring.quarantine import open_quarantine

QUARANTINE = "capture-forwarder-quarantine"
"""The folder of the quarantine where settings name none."""

INTERRUPTED = 130
"""The exit code then."""

_STOPPING = b"\nStopping once what is in flight is stored; Ctrl-C again stops at once.\n"
_LOOK_SECONDS = 0.1
_LINE_SECONDS = 10.0


def send_files(
    build: Callable[[ObjectStore], Forwarder],
    store: ObjectStore,
    found: Sequence[FoundFile],
    sending: Sending,
    *,
    as_json: bool,
) -> Sent:
    """Forward files; one that fails does not stop the others.

    Parameters
    ----------
    build
        Makes what forwards them, given where they are read from.
    store
        Where they are.
    found
        The files.
    sending
        Where they go.
    as_json
        Whether to print each outcome as it comes, instead of how the work goes on.
    """
    collect_garbage_seldom()
    pace = Pace(len(found), sum(file.size for file in found), SystemClock())
    clock = SystemClock()
    began, watched = clock.now(), WatchedStore(store, pace)
    forwarder, stop = build(watched), threading.Event()
    outcomes = []
    with interruptible(stop), nullcontext() if as_json else shown(pace):
        for outcome in _outcomes(forwarder, found, pace, files_at_once(sending.routes), stop):
            outcomes.append(outcome)
            if as_json:
                say_json(outcome_json(outcome, sending))
    cleared = _clear(outcomes, watched.revisions, sending.quarantine, began)
    return Sent(outcomes, stop.is_set(), cleared)


def _clear(
    outcomes: Sequence[Outcome],
    revisions: Mapping[CaptureFile, str],
    quarantine: str | None,
    began: datetime,
) -> Dropped:
    """Take out of the quarantine what an earlier run put there of lines that are delivered now."""
    deliveries = [
        Delivery(file, revisions[file], route, report.resumed_at)
        for outcome in outcomes
        for route, report in outcome.reports.items()
        if not report.repeated and (file := outcome.file.capture_file) in revisions
    ]
    if quarantine is None or not deliveries:
        return Dropped()
    if "://" not in quarantine and not Path(quarantine).exists():
        return Dropped()
    try:
        return drop_delivered(open_quarantine(quarantine), deliveries, began)
    except ForwarderError as error:  # everything is delivered all the same
        return Dropped(problems=[error])


def _outcomes(
    forwarder: Forwarder,
    found: Sequence[FoundFile],
    pace: Pace,
    at_once: int,
    stop: threading.Event,
) -> Iterator[Outcome]:
    down: dict[str, ForwarderError] = {}
    invocation = Invocation(is_stopped=stop.is_set, on_settled=pace.count_rows)

    def work(file: FoundFile) -> Outcome:
        outcome = _outcome(forwarder, file, down, invocation)
        pace.count_file()
        return outcome

    return side_by_side(work, found, at_once, stop)


def _outcome(
    forwarder: Forwarder,
    file: FoundFile,
    down: dict[str, ForwarderError],
    invocation: Invocation,
) -> Outcome:
    try:
        if forwarder.is_output(file.capture_file):
            return Outcome(file, skipped="The forwarder itself wrote it.")
        routes = forwarder.forward(file.capture_file, down, invocation)
    except ForwarderError as error:
        return Outcome(file, error=error)
    except Exception as error:  # noqa: BLE001 - ends as a failure of this file, never as a success
        return Outcome(file, error=UnexpectedError(file.name, error))
    return Outcome(file, routes, skipped="" if routes else "No route matches it.")


@contextmanager
def shown(pace: Pace) -> Iterator[None]:
    """Show how the work goes on: as a bar, or a line now and then where there is no terminal."""
    if ERR.is_terminal:
        with _bar(pace) as look, _every(_LOOK_SECONDS, look):
            yield
    else:
        with _every(_LINE_SECONDS, lambda: say(str(pace), to=ERR)):
            yield


@contextmanager
def _bar(pace: Pace) -> Iterator[Callable[[], None]]:
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.description}"),
    )
    with TransientProgress(*columns) as progress:
        task: TaskID = progress.add_task(str(pace), total=pace.size)
        yield lambda: progress.update(task, completed=pace.read, description=str(pace))


@contextmanager
def _every(seconds: float, look: Callable[[], None]) -> Iterator[None]:
    """Do something every few seconds, in a thread of its own."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            look()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C bring the work to its end, and a second one end it at once."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            # As safe as a kill: what is not saved is sent again, with the same ids.
            os._exit(INTERRUPTED)
        stop.set()
        os.write(2, _STOPPING)  # what Python writes to may be in use by what was interrupted

    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:  # as for what a shell runs in the background
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
