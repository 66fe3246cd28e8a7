"""What befalls a batch, which batches, and how often."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.world import World
from tests.support.platforms.faults import Fault, Reset, Slow
from tests.support.platforms.server import Request
from tests.support.publishers_under_test.base import HTTP_FAULTS

SMALL = CaptureFile("small", calls=5, bad_every=3)
MANY = CaptureFile("many", calls=60, bad_every=7)
ZIPPED = CaptureFile("zipped", calls=60, bad_every=7, zipped=True)

FAULTS: dict[str, bool] = {
    **{name: stores for name, (_, stores) in HTTP_FAULTS.items()},
    "connection refused": False,
    "too slow": True,
}
"""What the platform does, and whether it has stored the batch when it does so."""

PLACES: list[tuple[str, int, CaptureFile]] = [
    ("first", 2, MANY),
    ("middle", 12, MANY),
    ("last", 2, MANY),
    ("every", 12, MANY),
    ("first", 2, SMALL),
    ("last", 12, SMALL),
    ("every", 12, ZIPPED),
    ("middle", 2, ZIPPED),
]
"""Which batch meets the fault; how often; in which file."""


def fault(name: str) -> Fault:
    """The fault of that name; one that holds answers back is made anew, as it is used up."""
    made: dict[str, Fault] = {"connection refused": Reset(stored=False), "too slow": Slow()}
    return made[name] if name in made else HTTP_FAULTS[name][0]


class Trouble:
    """Selects a batch's requests so often; `happens` is called each time."""

    def __init__(
        self,
        here: World,
        file: CaptureFile,
        where: str,
        times: int,
        happens: Callable[[], None] = lambda: None,
    ) -> None:
        self._here = here
        self._file = file
        self.wanted = batches_at(file, where)
        self._times = times
        self._happens = happens

    def __call__(self, request: Request) -> bool:
        if not self._times or self._here.batch_of(self._file, request) not in self.wanted:
            return False
        self._times -= 1
        self._happens()
        return True


def batches_at(file: CaptureFile, where: str) -> set[int]:
    """The batches of a file that a place names."""
    last = file.batches - 1
    return {"first": {0}, "middle": {last // 2}, "last": {last}}.get(where, set(range(last + 1)))


def shut_for(here: World, sleeps: int) -> Callable[[], None]:
    """Close the platform's door, and open it when somebody has waited so many times."""
    left = 0

    def wake() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            here.door.open()

    def shut() -> None:
        nonlocal left
        left = sleeps
        here.door.close()

    here.clock.on_sleep = wake
    return shut
