"""A file of labels for tests: those of numbered calls, some of its lines no JSON and some blank."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tests.support.captures import line, merged, side
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.publishers_under_test.base import PLANTED


@dataclass(frozen=True)
class LabelFile(CaptureFile):
    """A file of Model Monitor's merged lines: each has a label for each row of its call.

    The one input is the row's id, so that feedback, which has none, can be told apart.
    """

    @cached_property
    def lines(self) -> list[bytes]:
        lines = []
        response = side("\n".join(["0.5"] * self.records))
        for number in range(self.calls):
            own = self.ids[number * self.records : (number + 1) * self.records]
            request = side("\n".join(f"{PLANTED}-{name}" for name in own))
            sides = self._payloads() if self.conversations else (request, response)
            captured = line(*sides, eventId=f"{self.name}-{number:06d}")
            lines.append(merged(captured, "\n".join(map(str, range(self.records)))))
            if self.bad_every and number % self.bad_every == self.bad_every // 2:
                lines += [b"{ no JSON", b""]
        return lines


def labels_of(file: CaptureFile) -> LabelFile:
    """The labels of a capture file's calls."""
    return LabelFile(file.name, file.calls, file.records, file.bad_every, file.zipped)
