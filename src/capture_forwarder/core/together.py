"""Work that several threads ask for, done in one go by whichever of them comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Together(Generic[Task, Result]):
    """Does what was asked for while it was at work in one go, as databases commit in groups.

    A thread that asks waits for its own task alone: with one thread, each is done by itself, and
    none ever waits for others to ask.
    """

    def __init__(self) -> None:
        self._asked: list[_Asked[Task, Result]] = []
        self._asking = threading.Lock()
        self._working = threading.Lock()

    def __call__(
        self, task: Task, work: Callable[[Sequence[Task]], Sequence[Result | Exception]]
    ) -> Result:
        """Have a task done.

        Parameters
        ----------
        task
            What to do.
        work
            Does tasks, at least one, and returns for each of them, in their order, its result or
            the exception that its thread is to get. What it raises, all of their threads get. It
            is the same in each call.

        Raises
        ------
        Exception
            What `work` says of the task.
        """
        own: _Asked[Task, Result] = _Asked(task)
        with self._asking:
            self._asked.append(own)
        with self._working:
            if not own.outcome:
                self._do(work)
        (outcome,) = own.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _do(self, work: Callable[[Sequence[Task]], Sequence[Result | Exception]]) -> None:
        with self._asking:
            asked, self._asked = self._asked, []
        outcomes: Sequence[Result | BaseException]
        try:
            outcomes = work([one.task for one in asked])
        except BaseException as error:  # noqa: BLE001 - raised in each of the threads that wait
            outcomes = [error] * len(asked)
        for one, outcome in zip(asked, outcomes, strict=True):
            one.outcome.append(outcome)


class _Asked(Generic[Task, Result]):
    """A task, and once it is done, what became of it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.outcome: list[Result | BaseException] = []
