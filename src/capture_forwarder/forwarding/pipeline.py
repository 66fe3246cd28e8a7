"""One object from its first byte to its last, on one route.

    bytes ─ lines ─ parse ─┬─ inferences ─ batches ─ several requests in flight ─ ledger
                           └─ rejections ─ runs ──── quarantine ────────────────────┘

An object counts as delivered when `forward_file` returns. It raises if a single inference was
not accepted or a single rejected line could not be kept, so that no failure ends as a success.
The ledger's position moves only over an unbroken run of finished lines, and only after what was
rejected among them is in quarantine.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import (
    ForwarderError,
    LeaseLostError,
    OutOfTimeError,
    PublishError,
)
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.accounting import Accounting, Mark
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.checkpoint import Checkpoint
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.held import holding
from capture_forwarder.forwarding.in_flight import InFlight
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.progress import Progress
from capture_forwarder.forwarding.rejections import RejectionRun
from capture_forwarder.forwarding.sending import BatchSender, Outcome
from capture_forwarder.parser import RouteParser
from capture_forwarder.parser.lines import line_before, read_chunks

_LINES_A_LOOK_AT_THE_CLOCK = 64
# One line that is not like the others has so many around it parsed one by one.
_FEW_LINES = 16
_BLANK = ParsedLine(())


def forward_file(
    capture_file: CaptureFile,
    parser: RouteParser,
    ports: Ports,
    options: RouteOptions,
    invocation: Invocation,
) -> FileReport:
    """Forward every line of an object that is not forwarded yet.

    Parameters
    ----------
    capture_file
        The object.
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
        The object was not read to its end, a batch not accepted, or a rejected line not kept.
    CaptureFileBusyError, LeaseLostError, LedgerError
        Another invocation works on the object, or the ledger failed.
    OutOfTimeError
        The time was up; the position is saved.
    """
    with ports.store.open(capture_file) as opened:
        key = LedgerKey(capture_file.bucket, capture_file.key, opened.revision, options.route)
        lease = options.lease_seconds
        checkpoint = Checkpoint(ports.ledger, key, invocation.owner, ports.clock, lease)
        claim = checkpoint.begin()
        if claim.finished:
            return FileReport(repeated=True)
        deadline = Deadline(ports.clock, invocation.deadline)
        run = _Run(capture_file, claim.position, parser, ports, options, checkpoint, deadline)
        return run.forward(opened)


class _Run:
    """One object on its way."""

    def __init__(  # noqa: PLR0913, PLR0917 - what one object's way needs
        self,
        capture_file: CaptureFile,
        start: Position,
        parser: RouteParser,
        ports: Ports,
        options: RouteOptions,
        checkpoint: Checkpoint,
        deadline: Deadline,
    ) -> None:
        limits = ports.publisher.limits
        in_flight = max(1, min(options.requests_in_flight, limits.requests))
        self._parse = parser.for_file(capture_file)
        self._parse_chunk = parser.for_chunks(capture_file)
        self._max_line_bytes = options.max_line_bytes
        self._start = start
        self._last = line_before(start)
        self._checkpoint = checkpoint
        self._deadline = deadline
        self._sender = BatchSender(
            ports.publisher, ports.clock, retry_seconds=options.retry_seconds
        )
        held = holding(self._parse, self._parse_chunk, as_json=ports.publisher.takes_json)
        self._builder = BatchBuilder(limits, capture_file, checkpoint.revision, held)
        self._rejections = RejectionRun(capture_file, options.route, ports.quarantine, ports.clock)
        self._accounting = Accounting(ports.clock, start)
        # One thread more than requests, for saving the position.
        self._executor = ThreadPoolExecutor(in_flight + 1, thread_name_prefix="forward")
        self._in_flight = InFlight(self._executor)
        self._progress = Progress(
            start,
            self._in_flight,
            in_flight,
            self._executor,
            checkpoint=checkpoint,
            rejections=self._rejections,
            accounting=self._accounting,
            deadline=deadline,
            clock=ports.clock,
        )

    def forward(self, opened: OpenedFile) -> FileReport:
        try:
            self._look_at_the_clock()
            for found in read_chunks(opened.stream, self._max_line_bytes, self._start):
                if isinstance(found, Line):
                    self._take_one(found)
                else:
                    self._take_chunk(found)
            self._land()
            self._progress.finish(self._last.position)
        except BaseException as error:
            self._give_up(error)
            if isinstance(error, ForwarderError):
                self._accounting.gave_up(error)
                error.report = self._accounting.report(self._progress.mark, self._progress.saved)
            raise
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
        return self._accounting.report(self._accounting.mark(), self._last.position)

    def _take_chunk(self, chunk: Chunk) -> None:
        """Take lines in: all at once if they are alike, else a few at a time, else one by one."""
        parsed = self._parse_chunk(chunk)
        if parsed is None and len(chunk) > _FEW_LINES:
            for first in range(0, len(chunk), _FEW_LINES):
                self._take_chunk(chunk.part(first, first + _FEW_LINES))
            return
        if parsed is None:
            for index in range(len(chunk)):
                self._take_one(chunk.line(index))
            return
        taken = 0
        while taken < len(chunk):
            count = self._builder.extend(chunk, taken, parsed.inferences)
            if count:
                taken += count
                self._accounting.forwards_alike(count, parsed.inference_time)
                self._last = chunk.line(taken - 1)
            if taken < len(chunk) or self._builder.is_full:
                self._send(self._cut())
            self._look_at_the_clock()

    def _take_one(self, line: Line) -> None:
        sent = self._take(line)
        if self._rejections.is_full:
            self._rest()
        if sent or line.number % _LINES_A_LOOK_AT_THE_CLOCK == 0:
            self._look_at_the_clock()

    def _take(self, line: Line) -> bool:
        """Take a line in; return whether it set a request on its way."""
        self._last = line
        if line.too_long:
            detail = f"The line has {line.length} bytes, more than {self._max_line_bytes}."
            return self._reject(line, Rejection(Reason.LINE_TOO_LONG, detail))
        parsed = self._parse(line.data) if line.data.strip() else _BLANK
        if isinstance(parsed, Rejection):
            return self._reject(line, parsed)
        if not parsed.inferences:
            self._accounting.found_empty()
            return False
        full = self._builder.add(line, parsed.inferences)
        if not full:
            self._accounting.forwards(parsed)
            return False
        before = self._accounting.mark()
        self._accounting.forwards(parsed)
        return self._send_full(full, before)

    def _reject(self, line: Line, rejection: Rejection) -> bool:
        """Put a line aside; return whether that set a request on its way."""
        full = self._builder.skip(line)
        self._rejections.add(line, rejection)
        self._accounting.rejected(rejection.reason)
        return self._send_full(full, Mark()) if full else False

    def _send_full(self, full: list[Batch], before: Mark) -> bool:
        """Send the batches that a line made full; `before` was counted in front of it."""
        for batch in full:
            at_end = batch.position == self._last.position
            self._progress.remember(batch.position, self._accounting.mark() if at_end else before)
        self._send(full)
        return True

    def _cut(self) -> list[Batch]:
        self._progress.remember(self._last.position, self._accounting.mark())
        return self._builder.cut(self._last.position)

    def _send(self, batches: list[Batch]) -> None:
        for batch in batches:
            self._progress.make_room()
            self._in_flight.start(batch, self._deliver)

    def _land(self) -> None:
        """Bring everything up to here to the platform."""
        self._send(self._cut())
        self._progress.settle()

    def _rest(self) -> None:
        """Settle what is in flight and save the position: here, or where the last batch ended.

        A batch that is filling is not cut short: it would be another one the next time.
        """
        if self._builder.is_empty:
            self._land()
            self._progress.save(self._last.position)
        else:
            self._progress.settle()
            self._progress.save()

    def _deliver(self, batch: Batch) -> Outcome:
        """Deliver a batch, in a thread of the executor."""
        hold = self._checkpoint.hold
        return self._sender.deliver(batch, deadline=self._deadline.at, before=hold)

    def _look_at_the_clock(self) -> None:
        """Stop in time: drain what is in flight, save the position, and raise `OutOfTimeError`."""
        if not self._deadline.is_near(self._progress.in_flight):
            return
        self._rest()
        lines = self._progress.saved.lines
        message = f"The time was up behind line {lines}; the position is saved."
        raise OutOfTimeError(message, "The rest is delivered later.")

    def _give_up(self, error: BaseException) -> None:
        """Leave the object to a later invocation, which goes on at the saved position.

        What is in flight still lands and counts when it was not the platform that failed. After
        an error that nobody expected nothing counts any more, but nothing more is sent either.
        """
        # The error that brought us here says more than one that follows from it.
        final = (PublishError, LeaseLostError, OutOfTimeError)
        if isinstance(error, ForwarderError) and not isinstance(error, final):
            with suppress(ForwarderError):
                self._progress.settle()
        with suppress(ForwarderError):
            # Whatever came behind it, what has landed is done.
            self._progress.save()
        with suppress(ForwarderError):
            self._checkpoint.release(self._deadline.seconds_left())
        self._in_flight.abandon(self._deadline.seconds_left())
