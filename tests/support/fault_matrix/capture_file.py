"""A capture file for tests: numbered calls, some of its lines no JSON and some blank."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tests.support.captures import JSON, line, side

BUCKET = "capture-bucket"
ROWS = 100


@dataclass(frozen=True)
class CaptureFile:
    """A capture file of numbered calls, some of whose lines are no JSON and some blank.

    Every call holds `records` inferences; 60 calls of 10 make 6 batches of 100. Where they are
    conversations, the same values stand in prompts and answers.
    """

    name: str = "file"
    calls: int = 60
    records: int = 10
    bad_every: int = 0
    zipped: bool = False
    rows: int = ROWS
    endpoint: str = "endpoint"
    conversations: bool = False

    @property
    def key(self) -> str:
        return f"captures/{self.endpoint}/AllTraffic/2026/03/01/10/{self.name}.jsonl"

    @cached_property
    def lines(self) -> list[bytes]:
        lines = []
        request, response = self._payloads()
        for number in range(self.calls):
            lines.append(line(request, response, eventId=f"{self.name}-{number:06d}"))
            if self.bad_every and number % self.bad_every == self.bad_every // 2:
                lines += [b"{ no JSON", b""]
        return lines

    def _payloads(self) -> tuple[object, object]:
        if not self.conversations:
            request = "\n".join(map(str, range(self.records)))
            return side(request), side("\n".join(["0.5"] * self.records))
        prompts = [json.dumps({"x": n}) for n in range(self.records)]
        answers = [{"generated_text": json.dumps({"score": 0.5})}] * self.records
        return side(json.dumps({"inputs": prompts}), JSON), side(json.dumps(answers), JSON)

    @property
    def body(self) -> bytes:
        content = b"\n".join(self.lines) + b"\n"
        return gzip.compress(content) if self.zipped else content

    @cached_property
    def bad_lines(self) -> list[int]:
        """The numbers of those that are no JSON; as many others are blank."""
        return [n for n, text in enumerate(self.lines, 1) if text.startswith(b"{ no")]

    @cached_property
    def ids(self) -> list[str]:
        calls = [f"{self.name}-{number:06d}" for number in range(self.calls)]
        if self.records == 1:
            return calls
        return [f"{call}_{index}" for call in calls for index in range(self.records)]

    @cached_property
    def position(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.ids)}

    @property
    def batches(self) -> int:
        return -(-len(self.ids) // self.rows)

    def batch_of(self, ids: Sequence[str]) -> int | None:
        """Which batch of this file the inferences of a request are, or are a part of."""
        position = self.position.get(ids[0]) if ids else None
        return None if position is None else position // self.rows

    @property
    def message(self) -> str:
        """What EventBridge says of it."""
        detail = {"bucket": {"name": BUCKET}, "object": {"key": self.key}}
        return json.dumps(
            {
                "version": "0",
                "source": "aws.s3",
                "detail-type": "Object Created",
                "detail": {"version": "0", **detail},
            }
        )
