"""One capture file from its first byte to its last, on one route.

    bytes ─ lines ─ parse ─┬─ inferences ─ batches ─ several requests in flight ─ ledger
                           └─ rejections ─ runs ──── quarantine ────────────────────┘

A file counts as delivered when `forward_file` returns. It raises if a single inference was not
accepted or a single rejected line could not be quarantined, so that no failure ends as a success.
The ledger's position moves only over an unbroken run of settled rows, and only after what was
rejected among them is in quarantine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import (
    FileHeldError,
    ForwarderError,
    LeaseLostError,
    OutOfTimeError,
    PublishError,
    code_position,
)
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.accounting import Accounting
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.lease import Lease
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.progress import Progress
from capture_forwarder.forwarding.refusing import RefusalWatch
from capture_forwarder.forwarding.rejections import Rejections
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.parser import RouteParser, line_before, read_chunks

_LINES_A_LOOK_AT_THE_CLOCK = 64
_BLANK = ParsedLine(())


class FileRun:
    """One capture file on its way, after its lease is taken.

    Parameters
    ----------
    capture_file, start
        The file, and where its work begins.
    parser, ports, options
        The route's compiled mapping, and where lines come from and go to.
    lease, deadline
        The right to work on the file, and until when.
    on_settled
        Is told how many more rows are settled.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what one file's way needs
        self,
        capture_file: CaptureFile,
        start: Position,
        parser: RouteParser,
        ports: Ports,
        options: RouteOptions,
        lease: Lease,
        deadline: Deadline,
        on_settled: Callable[[int], None],
    ) -> None:
        limits = ports.publisher.limits
        in_flight = max(1, min(options.requests_in_flight, limits.requests))
        self._parse = parser.for_file(capture_file)
        self._parse_chunk = parser.for_chunks(capture_file)
        self._options = options
        self._start = start
        self._rows_done = start.rows
        self._last = line_before(start)
        self._lease = lease
        self._deadline = deadline
        collected = collecting(as_json=ports.publisher.takes_json)
        self._builder = BatchBuilder(limits, capture_file, lease.revision, collected)
        self._rejections = Rejections(
            capture_file, lease.revision, options.route, ports.quarantine, ports.clock
        )
        self._accounting = Accounting(ports.clock, start, on_settled)
        # One thread more than requests, for saving the position.
        self._executor = ThreadPoolExecutor(in_flight + 1, thread_name_prefix="forward")
        sender = BatchSender(
            ports.publisher,
            ports.clock,
            retry_seconds=options.retry_seconds,
            deadline=deadline,
            before=lease.hold,
            keep=self._rejections.keep,
            refusals=RefusalWatch(options.max_refused),
        )
        self._progress = Progress(
            start,
            sender,
            self._executor,
            in_flight,
            lease=lease,
            rejections=self._rejections,
            accounting=self._accounting,
            deadline=deadline,
            clock=ports.clock,
        )

    def forward(self, opened: OpenedFile) -> FileReport:
        """Forward every line from the start on; raises what `forward_file` does."""
        try:
            self._look_at_the_clock()
            start = Position(self._start.offset, self._start.lines)
            for found in read_chunks(opened.stream, self._options.max_line_bytes, start):
                if isinstance(found, Line):
                    self._take_one(found)
                elif self._rows_done:
                    self._take_one(found.line(0))
                    if len(found) > 1:
                        self._take_chunk(found.part(1, len(found)))
                else:
                    self._take_chunk(found)
            self._settle()
            self._progress.finish(self._last.position)
        except BaseException as error:
            self._give_up(error)
            if isinstance(error, OutOfTimeError):
                raise self._out_of_time() from error
            if isinstance(error, ForwarderError):
                error.report = self.report()
            raise
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
        return self.report()

    def report(self) -> FileReport:
        """The accounting of what was brought to an end."""
        return self._accounting.report()

    def _take_chunk(self, chunk: Chunk) -> None:
        """Take lines in: those that the parser reads together, and the others one by one."""
        try:
            runs = self._parse_chunk(chunk)
        except Exception:  # noqa: BLE001 - which of the lines it is shows one by one
            runs = []
        next_line = 0
        for run in runs:
            self._take_each(chunk, next_line, run.first)
            next_line = run.first + run.lines
            self._take_run(chunk.part(run.first, next_line), run.counts, run.parsed)
        self._take_each(chunk, next_line, len(chunk))

    def _take_each(self, chunk: Chunk, first: int, stop: int) -> None:
        for index in range(first, stop):
            self._take_one(chunk.line(index))

    def _take_run(self, chunk: Chunk, counts: Sequence[int], parsed: ParsedLine) -> None:
        """Take lines in that were read together; `counts` says how many inferences each has."""
        inferences, calls, time = parsed.inferences, parsed.calls, parsed.inference_time
        while counts:
            taken = self._builder.extend(chunk, counts, inferences)
            rows = sum(counts[:taken])
            if taken:
                self._accounting.forwards_alike(calls[:taken], rows, time)
                self._last = chunk.line(taken - 1)
            if self._builder.is_full:
                self._send(self._builder.cut(self._last.position))
            elif taken < len(counts):
                end = rows + counts[taken]
                alone = ParsedLine(inferences[rows:end], time, calls=calls[taken : taken + 1])
                self._take_one(chunk.line(taken), alone)
                taken, rows = taken + 1, end
            self._look_at_the_clock()
            if taken == len(counts):
                return
            chunk, counts = chunk.part(taken, len(counts)), counts[taken:]
            inferences, calls = inferences[rows:], calls[taken:]

    def _take_one(self, line: Line, parsed: ParsedLine | None = None) -> None:
        sent = self._take(line, parsed or self._parsed(line))
        if self._rejections.is_full:
            self._rest()
        if sent or line.number % _LINES_A_LOOK_AT_THE_CLOCK == 0:
            self._look_at_the_clock()

    def _take(self, line: Line, parsed: ParsedLine | Rejection) -> bool:
        """Take a line in; return whether it made a batch full."""
        self._last = line
        done, self._rows_done = self._rows_done, 0
        if isinstance(parsed, Rejection):
            full = self._builder.skip(line)
            self._rejections.reject(line, parsed)
            self._accounting.rejected(line.number, parsed.reason)
            if self._rejections.block:
                self._accounting.stop_noting()
        elif not parsed.inferences:
            self._accounting.found_empty(line.number)
            return False
        else:
            full = self._builder.add(line, parsed.inferences, done)
            rows = max(0, len(parsed.inferences) - done)
            self._accounting.forwards(line.number, parsed, rows)
        self._send(full)
        return bool(full)

    def _parsed(self, line: Line) -> ParsedLine | Rejection:
        """Parse a line. Whatever goes wrong with it is this line's alone."""
        if line.too_long:
            detail = f"The line has {line.length} bytes, more than {self._options.max_line_bytes}."
            return Rejection(Reason.LINE_TOO_LONG, detail)
        if not line.data.strip():
            return _BLANK
        try:
            return self._parse(line.data)
        except Exception as error:  # noqa: BLE001 - a line from outside must not hold up its file
            detail = f"The parser failed by {type(error).__name__}{code_position(error)}."
            return Rejection(Reason.PARSER_FAILED, detail)

    def _send(self, batches: list[Batch]) -> None:
        if batches:
            self._check_casts()
        for batch in batches:
            self._progress.send(batch)

    def _check_casts(self) -> None:
        """Hold the file before values are published that do not fit their columns."""
        most = self._options.max_cast_failures
        if most is None:
            return
        column, share = self._accounting.worst_cast()
        if share > most:
            raise FileHeldError(
                f"In {share:.0%} of the rows the column {column!r} does not fit its type, and the "
                f"route allows {most:.0%}, so the file is held.",
                "Look at the order of the columns in the route's mapping, correct it, and move the "
                "dead letters back to the queue.",
            )

    def _settle(self) -> None:
        """Bring everything up to here to the platform."""
        self._send(self._builder.cut(self._last.position))
        self._progress.settle()

    def _rest(self) -> None:
        """Settle what is in flight and save the position: here, or where the last batch ended.

        A batch that is filling is not cut short: it would be another one the next time.
        """
        if self._builder.is_empty:
            self._progress.settle()
            self._progress.save(self._last.position)
        else:
            self._progress.settle()
            self._progress.save()

    def _look_at_the_clock(self) -> None:
        """Stop in time: settle what is in flight, save the position, and raise `OutOfTimeError`."""
        if not self._deadline.is_near(self._progress.in_flight):
            return
        self._rest()
        raise self._out_of_time()

    def _out_of_time(self) -> OutOfTimeError:
        """Say where the next invocation goes on, whichever thread found the time to be up."""
        lines = self._progress.saved.lines
        why = "It was stopped" if self._deadline.is_stopped() else "The time was up"
        message = f"{why} behind line {lines}; the position is saved."
        error = OutOfTimeError(message, "The rest is sent later.")
        error.report = self.report()
        return error

    def _give_up(self, error: BaseException) -> None:
        """Leave the file to a later invocation, which goes on at the saved position.

        What is in flight still counts when it was not the platform that failed. After an error
        that nobody expected nothing counts any more, but nothing more is sent either.
        """
        # The error that brought us here says more than one that follows from it.
        final = (PublishError, FileHeldError, LeaseLostError, OutOfTimeError)
        if isinstance(error, ForwarderError) and not isinstance(error, final):
            with suppress(ForwarderError):
                self._progress.settle()
        with suppress(ForwarderError):
            # Whatever came behind it, what is settled is done.
            self._progress.save()
        self._lease.close()
        with suppress(ForwarderError):
            self._lease.release(self._deadline.seconds_left())
        self._progress.abandon()
