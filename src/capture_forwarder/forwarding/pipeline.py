"""One capture file on one route, from its lease to its report, in the time there is."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError, OutOfTimeError
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.deadline import Deadline, Watched
from capture_forwarder.forwarding.file_run import FileRun
from capture_forwarder.forwarding.lease import Lease
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.parser import RouteParser

_TO_RETURN = 0.1


def forward_file(
    capture_file: CaptureFile,
    parser: RouteParser,
    ports: Ports,
    options: RouteOptions,
    invocation: Invocation,
) -> FileReport:
    """Forward every line of a capture file that is not forwarded yet.

    Parameters
    ----------
    capture_file
        The file.
    parser, options, ports
        The route's compiled mapping, its settings, and where lines come from and go to.
    invocation
        Who works on it, and until when.

    Returns
    -------
    FileReport
        The accounting of what this invocation did.

    Raises
    ------
    CaptureFileError, PublishError, QuarantineError
        The file was not read to its end, a batch not accepted, or a rejected line not quarantined.
    FileHeldError
        What was refused of the file, or would be sent, looks wrong as a whole.
    CaptureFileBusyError, LeaseLostError, LedgerError
        Another invocation works on the file, or the ledger failed.
    OutOfTimeError
        The time was up, or the invocation was stopped; the position is saved.
    """
    deadline = Deadline(ports.clock, invocation.deadline, invocation.is_stopped)
    work = _Work(capture_file, parser, ports, options, invocation, deadline)
    left = deadline.seconds_left()
    if left is None:
        return work.forward()
    # Whatever stalls - S3, the ledger, the quarantine - the invocation ends before Lambda kills it.
    watched = Watched(work.forward, f"{options.route} {capture_file.key}")
    if watched.ends_within(left + _TO_RETURN):
        return watched.result()
    raise work.leave()


class _Work:
    """The work on one file, which may be left alone when something stalls."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the work takes
        self,
        capture_file: CaptureFile,
        parser: RouteParser,
        ports: Ports,
        options: RouteOptions,
        invocation: Invocation,
        deadline: Deadline,
    ) -> None:
        self._capture_file = capture_file
        self._parser = parser
        self._ports = ports
        self._options = options
        self._invocation = invocation
        self._deadline = deadline
        self._lease: Lease | None = None
        self._run: FileRun | None = None
        self._left = False

    def forward(self) -> FileReport:
        capture_file, ports, options = self._capture_file, self._ports, self._options
        with ports.store.open(capture_file) as opened:
            lease = self._lease = Lease(
                ports.ledger,
                LedgerKey(capture_file.bucket, capture_file.key, opened.revision, options.route),
                self._invocation.owner,
                ports.clock,
                options.lease_seconds,
                retry_seconds=options.retry_seconds,
                deadline=self._deadline,
            )
            claim = lease.claim()
            if self._left:
                # Nobody waits for this work any more.
                lease.release()
            if claim.finished:
                return FileReport(repeated=True)
            if self._invocation.impatient:
                options = msgspec.structs.replace(options, retry_seconds=0.0)
            self._run = FileRun(
                capture_file,
                claim.position,
                self._parser,
                ports,
                options,
                lease,
                self._deadline,
                self._invocation.on_settled,
            )
            return self._run.forward(opened)

    def leave(self) -> OutOfTimeError:
        """Leave what stalls alone: it may end later, but publishes and saves nothing any more."""
        self._left = True
        lease, run = self._lease, self._run
        error = OutOfTimeError(
            "The time was up while S3, the ledger or the quarantine had not answered.",
            "The rest is sent later.",
        )
        if lease is not None:
            lease.close()
        if run is not None:
            error.report = run.report()
        if lease is not None and run is not None:

            def release() -> None:
                with suppress(ForwarderError):
                    lease.release(patience=0.0)

            Watched(release, "release").ends_within(_TO_RETURN)
        return error
