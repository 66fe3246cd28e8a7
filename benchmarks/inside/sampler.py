"""Where CPU time goes.

A timer of the process's CPU time interrupts the main thread; what has been used since the last
interruption is put down to the function that it is in. What C code uses, such as a decoder, counts
for the function that calls it. Work that is handed to a thread or a pool is done at once, in the
main thread: which of several threads used the processor is not told.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import Any

PRODUCT = "capture_forwarder"
COLLECTOR = "(garbage collector)"
_INTERVAL = 0.001


class Sampler:
    """Samples between `start` and `stop`.

    Attributes
    ----------
    seconds
        CPU seconds by (module of the product that is at work, module of the function, function).
    """

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str, str], float] = defaultdict(float)
        self._used = self._began = 0.0
        self._collecting = False
        self._before: dict[tuple[type, str], object] = {}

    def start(self) -> None:
        """Begin to sample; only the main thread can."""
        for (owner, name), instead in _AT_ONCE.items():
            self._before[owner, name] = getattr(owner, name)
            setattr(owner, name, instead)
        signal.signal(signal.SIGPROF, self._sample)
        gc.callbacks.append(self._collect)
        self._used = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)

    def stop(self) -> None:
        """Stop sampling."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        gc.callbacks.remove(self._collect)
        for (owner, name), before in self._before.items():
            setattr(owner, name, before)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        if self._collecting:
            return
        if frame is not None and frame.f_code is Sampler._collect.__code__:
            frame = frame.f_back
        self.seconds[_place(frame)] += time.thread_time() - self._used
        # What sampling itself takes is nobody's.
        self._used = time.thread_time()

    def _collect(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting, self._began = True, time.thread_time()
            return
        spent = time.thread_time() - self._began
        self.seconds["", COLLECTOR, COLLECTOR] += spent
        self._used += spent
        self._collecting = False


def _submit(
    _pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: object, **keywords: object
) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(work(*args, **keywords))
    except BaseException as error:  # noqa: BLE001 - the future carries it, as a pool's would
        future.set_exception(error)
    return future


_AT_ONCE: dict[tuple[type, str], Callable[..., Any]] = {
    (ThreadPoolExecutor, "submit"): _submit,
    (threading.Thread, "start"): threading.Thread.run,
    (threading.Thread, "join"): lambda _thread, timeout=None: timeout,
    (threading.Thread, "is_alive"): lambda _thread: False,
}


def _place(frame: FrameType | None) -> tuple[str, str, str]:
    if frame is None:
        return "", "", ""
    module = _module(frame)
    function = frame.f_code.co_qualname
    product = ""
    outer: FrameType | None = frame
    while outer is not None and not product:
        name = _module(outer)
        product = name if name.startswith(PRODUCT) else ""
        outer = outer.f_back
    return product, module, function


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
