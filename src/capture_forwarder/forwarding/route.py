"""One route at work: its files to its platform, by its mapping compiled once."""

from __future__ import annotations

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError, OutOfTimeError, UnexpectedError
from capture_forwarder.core.ports import Ports, Reporter
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.deadline import in_time
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.forwarding.preparation import Compile, Preparation
from capture_forwarder.parser import ColumnMapping


class Route:
    """Forwards files on one route; made once and used for many.

    Parameters
    ----------
    mapping
        Which captured values become which columns, or what makes a parser of another kind.
    options
        How files are forwarded; names the route.
    ports
        The store, the route's publisher, the quarantine, ledger and clock.
    reporter
        Reports this route's work.
    """

    def __init__(
        self,
        mapping: ColumnMapping | Compile,
        options: RouteOptions,
        ports: Ports,
        reporter: Reporter,
    ) -> None:
        self._options = options
        self._ports = ports
        self._preparation = Preparation(
            mapping, ports.publisher, ports.clock, options.retry_seconds, reporter
        )
        self.reporter = reporter

    @property
    def name(self) -> str:
        """The route's name."""
        return self._options.route

    @property
    def delay_seconds(self) -> int:
        """How long a file of this route waits in the queue before it is read."""
        return self._options.delay_seconds

    def forward(self, capture_file: CaptureFile, invocation: Invocation) -> FileReport:
        """Forward one object.

        Raises
        ------
        ForwarderError
            It was not forwarded to its end; see `forward_file`.
        """
        deadline = invocation.deadline
        parser = in_time(
            lambda: self._preparation.parser(deadline), "the platform", self._ports.clock, deadline
        )
        report = forward_file(capture_file, parser, self._ports, self._options, invocation)
        self.reporter.forwarded(capture_file, report)
        return report

    def attempt(self, capture_file: CaptureFile, invocation: Invocation) -> ForwarderError | None:
        """Forward one object and tell of its failure, but not that its time was up.

        A fault that nobody expected fails this object on this route alone.
        """
        try:
            self.forward(capture_file, invocation)
        except OutOfTimeError as error:
            return error
        except ForwarderError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - ends as a failure, never as a success
            failure = UnexpectedError(str(capture_file), error)
        else:
            return None
        self.reporter.failed(str(capture_file), failure)
        return failure
