"""What all measurements share: servers, capture files, the built package, the rounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import captures, workloads
from benchmarks.processes import Code, Done, Function, Server, Servers, guide, ours
from tests.support.package import ARCHITECTURE, PYTHON_VERSION, lay_out_runtime, sam_build


@dataclass(frozen=True)
class Lab:
    """Everything that is measured is measured here.

    Parameters
    ----------
    servers
        The platform and AWS, on the loopback interface.
    package, runtime
        The built package, and what Lambda's runtime starts it with.
    folder
        A folder that may be written to.
    rounds
        How often each measurement is repeated.
    """

    servers: Servers
    package: Path
    runtime: Path
    folder: Path
    rounds: int

    @property
    def ours(self) -> Code:
        """The built package with the settings of the template."""
        return ours(self.package, self.runtime)

    @property
    def guide(self) -> Code:
        """The guides' method."""
        return guide()

    def call(  # noqa: PLR0913 - they say what is unusual about the call
        self,
        function: Function,
        name: str,
        *,
        rows: int = captures.ROWS,
        latency: float = 0.0,
        ledger_latency: float = 0.0,
        profile: bool = False,
    ) -> Done:
        """Have a function forward one capture file, and make sure that no row was lost.

        Parameters
        ----------
        function
            The function, in its process.
        name
            The capture file.
        rows
            How many rows must arrive.
        latency, ledger_latency
            How late the platform and the ledger answer, in seconds.
        profile
            Whether to say where the time goes.
        """
        self.servers.reset(latency=latency, ledger_latency=ledger_latency)
        done = function.call(captures.s3_event(name), profile=profile)
        arrived = self.servers.platform.control("stats")["rows"]
        assert arrived == rows, f"{rows} rows were captured, {arrived} have arrived"
        return done

    def warm(self, function: Function) -> None:
        """Have a function forward a file before it is measured, so that all is set up."""
        self.call(function, "warm-up", rows=captures.WARM_UP)


@contextmanager
def open_lab(*, rounds: int, package: Path | None = None) -> Iterator[Lab]:
    """Build the package, write the capture files and start the servers.

    Parameters
    ----------
    rounds
        How often each measurement is repeated.
    package
        A package that is built already.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench")))
        if package is None:
            say("building the package")
            runtime = f"python{PYTHON_VERSION}"
            package = sam_build(folder / "sam", runtime=runtime, architecture=ARCHITECTURE)
        (folder / "runtime").mkdir()
        say("writing capture files")
        captures.write_all(folder / "objects")
        for workload in workloads.ALL:
            captures.write(folder / "objects", workload.files())
        servers = Servers(
            stack.enter_context(Server("benchmarks.platform_server")),
            stack.enter_context(Server("benchmarks.aws_server", str(folder / "objects"))),
        )
        yield Lab(servers, package, lay_out_runtime(folder / "runtime"), folder, rounds)


@dataclass(frozen=True)
class Rounds:
    """What works gave, round by round; each round has done all of them one after the other."""

    values: Mapping[str, Sequence[float]]

    def medians(self) -> dict[str, float]:
        """Return the median of each work."""
        return {name: median(values) for name, values in self.values.items()}

    def ratio(self, name: str, other: str) -> float:
        """Return the median of the rounds' ratios, which a busy machine disturbs less."""
        pairs = zip(self.values[name], self.values[other], strict=True)
        return median(value / base for value, base in pairs)

    def spread(self, name: str) -> float:
        """Return how much more the highest value is than the lowest, as a part of it."""
        return max(self.values[name]) / min(self.values[name]) - 1


def in_turn(rounds: int, works: Mapping[str, Callable[[], float]]) -> Rounds:
    """Do each work once a round, one after the other."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return Rounds(found)


def say(what: str) -> None:
    """Tell whoever waits what is being done."""
    print(f"{what} ...", file=sys.stderr, flush=True)
