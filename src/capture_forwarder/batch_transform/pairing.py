"""The lines of a transform job's output, with those of its input → captured calls, in order.

A job writes one line of output for each line of input, in the same order (AWS, "Use Batch
Transform" in the SageMaker developer guide). Where the two have different numbers of lines, nobody
can tell which belong together: then none are paired, and each becomes a call without its other
half, which the parser rejects. Blank lines are no records on either side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from capture_forwarder.batch_transform.calls import (
    Answer,
    is_joined_by_name,
    read_answer,
    without_input,
    write_call,
)
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line


class Pairing:
    """Makes the calls of one file of a job's output.

    Parameters
    ----------
    output, revision
        The file, and which content of it: they identify the lines that the job gave no id.
    time
        The time of a call to which the job gave none; None if that is not known either.
    """

    def __init__(self, output: CaptureFile, revision: str, time: str | None) -> None:
        self._time = time
        identity = ascii([output.bucket, output.key, revision]).encode()
        self._digest = hashlib.blake2b(identity, digest_size=8).hexdigest()

    def joined(self, outputs: Iterable[Line]) -> Iterator[bytes]:
        """The calls of an output that says itself what its input was, line by line.

        Yields
        ------
        bytes
            A call, with its newline. A line without its input becomes a call without a request.
        """
        for line in _records(outputs):
            yield self._alone(line) if line.too_long else self._joined(line)

    def paired(self, outputs: Iterable[Line], inputs: Iterable[Line]) -> Iterator[bytes]:
        """The calls of an output and an input that have equally many records.

        Yields
        ------
        bytes
            A call, with its newline; two where one line cannot be taken apart by the other.
        """
        is_joined: bool | None = None
        for line, record in zip(_records(outputs), _records(inputs), strict=True):
            answer = read_answer(line.data)
            rest = None if is_joined is False else without_input(answer.response, record.data)
            if is_joined is None:
                # A job joins all lines or none, which the first one shows.
                is_joined = rest is not None
            if line.too_long or record.too_long or (is_joined and rest is None):
                yield self._alone(line)
                yield self._input_alone(record)
            else:
                response = answer.response if rest is None else rest
                yield self._write(line, answer, record.data, response)

    def apart(self, outputs: Iterable[Line], inputs: Iterable[Line]) -> Iterator[bytes]:
        """The lines of an output and an input that do not belong together, each by itself."""
        yield from map(self._alone, _records(outputs))
        yield from map(self._input_alone, _records(inputs))

    def _joined(self, line: Line) -> bytes:
        answer = read_answer(line.data)
        return self._write(line, answer, answer.request, answer.response)

    def _alone(self, line: Line) -> bytes:
        """A line of the output without its input; nothing of it if only its beginning is held."""
        answer = read_answer(line.data)
        return self._write(line, answer, None, None if line.too_long else answer.response)

    def _write(
        self, line: Line, answer: Answer, request: bytes | None, response: bytes | None
    ) -> bytes:
        identity = answer.id or f"{self._digest}-{line.number}"
        return write_call(request, response, identity, answer.time or self._time)

    def _input_alone(self, record: Line) -> bytes:
        request = None if record.too_long else record.data
        return write_call(request, None, f"{self._digest}-input-{record.number}", self._time)


def count_records(lines: Iterable[Line]) -> int:
    """How many of the lines are not blank."""
    return sum(1 for _ in _records(lines))


def names_its_input(lines: Iterable[Line]) -> bool:
    """Whether an output says itself what its input was, by its first record."""
    first = next(_records(lines), None)
    return first is not None and is_joined_by_name(first.data)


def _records(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if line.data.strip())
