"""Work that several threads ask for: done together where they ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from capture_forwarder.core.together import Together

SECONDS = 30.0


class Worker:
    """Doubles numbers; the first time not before it is let, and never negative ones."""

    def __init__(self) -> None:
        self.done: list[Sequence[int]] = []
        self.began = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.done.append(list(numbers))
        if 0 in numbers:
            self.began.set()
            assert self.may_go_on.wait(SECONDS)
        if 13 in numbers:
            raise KeyError(13)
        return [ValueError(str(one)) if one < 0 else 2 * one for one in numbers]


def asked_meanwhile(
    worker: Worker, numbers: Sequence[int]
) -> tuple[Future[int], list[Future[int]]]:
    """Ask for numbers while the worker is at work on 0; return what became of it and of them."""
    together: Together[int, int] = Together()
    with ThreadPoolExecutor(len(numbers) + 1) as executor:
        first = executor.submit(together, 0, worker)
        assert worker.began.wait(SECONDS)
        others = [executor.submit(together, number, worker) for number in numbers]
        while len(together._asked) < len(numbers):  # noqa: SLF001 - nothing else tells
            assert not threading.Event().wait(0.001)
        worker.may_go_on.set()
    return first, others


def test_with_one_thread_each_task_is_done_by_itself() -> None:
    worker = Worker()
    together: Together[int, int] = Together()

    assert [together(number, worker) for number in (1, 2, 3)] == [2, 4, 6]
    assert worker.done == [[1], [2], [3]]


def test_what_is_asked_while_it_is_at_work_is_done_together_and_each_gets_its_own() -> None:
    worker = Worker()

    first, others = asked_meanwhile(worker, range(1, 9))

    assert first.result() == 0
    assert [other.result() for other in others] == [2 * number for number in range(1, 9)]
    assert [sorted(numbers) for numbers in worker.done] == [[0], [*range(1, 9)]]


def test_an_exception_that_is_returned_is_raised_for_its_own_task_alone() -> None:
    _, others = asked_meanwhile(Worker(), [1, -1, 2])

    good, bad, other_good = others
    assert (good.result(), other_good.result()) == (2, 4)
    with pytest.raises(ValueError, match="-1"):
        bad.result()


def test_an_exception_that_is_raised_reaches_all_who_asked_and_nobody_else() -> None:
    worker = Worker()
    first, others = asked_meanwhile(worker, [1, 13])

    assert first.result() == 0
    for other in others:
        with pytest.raises(KeyError):
            other.result()
    assert Together[int, int]()(5, worker) == 10
