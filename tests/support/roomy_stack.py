"""Tests run where Python's stack has room, so that no call has to ask for memory for its frame.

CPython gets memory for frames 16 kB at a time, and gives it back when the first frame in it ends.
Where the calls of pytest and a library happen to end at such a border, each call in a loop asks
the system for memory; that was a quarter of the time of some tests. A frame that is larger gets a
piece of the next power of two, and what it leaves is for all calls from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def with_room(function: Callable[[], Answer]) -> Answer:
    """Call a function; behind the frame of this one is half a megabyte for those of others."""
    return function()


with_room.__code__ = with_room.__code__.replace(co_stacksize=70_000)
