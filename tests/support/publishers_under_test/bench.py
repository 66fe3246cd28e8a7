"""A publisher as the function makes it, batches as the pipeline makes them, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO

import msgspec
import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublishError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Publisher
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.forwarding.preparation import complete
from capture_forwarder.parser import ColumnMapping, compile_mapping
from capture_forwarder.parser.lines import read_lines
from capture_forwarder.settings import load
from capture_forwarder.wiring.labels import mapping_of
from capture_forwarder.wiring.publishers import build_publisher
from tests.support.captures import JSON, SOURCE, line, merged, side
from tests.support.fakes import ManualClock
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import PLANTED, TOKENS, PublisherUnderTest

MAPPING = {"FORWARDER_INPUT_COLUMNS": "x,plan", "FORWARDER_OUTPUT_COLUMNS": "score"}
COLUMNS = ("x", "plan", "score")


Put = Callable[..., "Bench"]
"""Puts the publisher of that name to the test."""


class Bench:
    """A publisher on its platform.

    Attributes
    ----------
    platform
        The platform.
    publisher
        The publisher, made from settings as the function makes it.
    clock
        Its time, on which waiting takes none.
    """

    def __init__(self, platform: PublisherUnderTest, url: str = "", **variables: str) -> None:
        self.platform = platform
        self.clock = ManualClock()
        labels = {"FORWARDER_LABEL_COLUMNS": ",".join(platform.labels)} if platform.labels else {}
        mapping = {} if platform.conversations else MAPPING
        settings = load({**platform.variables(url), **mapping, **labels, **variables})
        assert settings.route is not None
        self._mapping = mapping_of(settings.route, settings)
        self.publisher: Publisher = build_publisher(settings.route, settings, self.clock)

    def batches(self, *calls: CallOf, rows: int | None = None) -> list[Batch]:
        """Make batches of captured calls, as large as the publisher says, or smaller."""
        schema = self.publisher.schema()
        if isinstance(self._mapping, ColumnMapping):
            parser = compile_mapping(complete(self._mapping, schema), schema)
        else:
            parser = self._mapping(schema)
        parse = parser.for_file(SOURCE)
        limits = self.publisher.limits
        smaller = msgspec.structs.replace(limits, rows=rows or limits.rows)
        held = collecting(as_json=self.publisher.takes_json)
        builder = BatchBuilder(smaller, SOURCE, "revision", held)
        full, place = [], Position()
        captured = [
            write(self.platform.labels)
            for write in (
                call.conversation if self.platform.conversations else call.line for call in calls
            )
        ]
        for raw in read_lines(BytesIO(b"\n".join(captured)), 2**30):
            parsed = parse(raw.data)
            assert isinstance(parsed, ParsedLine), parsed
            full += builder.add(raw, parsed.inferences)
            place = raw.position
        return full + builder.cut(place)

    def batch(self, calls: int = 3, name: str = "call", records: int = 1) -> Batch:
        """Make one batch."""
        (batch,) = self.batches(*(CallOf(f"{name}-{n}", records) for n in range(calls)))
        return batch

    def publish(self, batch: Batch, deadline: float | None = None) -> None:
        """Publish; the whole batch is accepted."""
        receipt = self.publisher.publish(batch, deadline)
        assert not receipt.refused
        assert not receipt.again

    def fails(self, batch: Batch) -> PublishError:
        """Publish in vain; what is said of it holds no token and no value of a row."""
        with pytest.raises(PublishError) as raised:
            self.publisher.publish(batch)
        check_is_private(f"{raised.value} {raised.value.message} {raised.value.advice}")
        return raised.value

    def stored(self) -> Counter[str]:
        """How often each id was stored."""
        return Counter(name for name, _ in self.platform.stored)

    def rows(self) -> dict[str, Row]:
        """The columns of the mapping, of every row that was stored."""
        return {one: {name: row[name] for name in COLUMNS} for one, row in self.platform.stored}


class CallOf:
    """A call of the model with so many records, whose values can be told from its ids."""

    def __init__(self, name: str, records: int = 1) -> None:
        self.name = name
        self.records = records

    @property
    def rows(self) -> dict[str, Row]:
        """Id → the row that must arrive."""
        ids = [f"{self.name}_{n}" for n in range(self.records)] if self.records > 1 else [self.name]
        return {
            one: {"x": n, "plan": f"{PLANTED}-{one}", "score": n / 8} for n, one in enumerate(ids)
        }

    def line(self, labels: Sequence[str] = ()) -> bytes:
        """The captured line; with labels, merged with them."""
        rows = self.rows.values()
        request = side("\n".join(f"{row['x']},{row['plan']}" for row in rows))
        response = side("\n".join(str(row["score"]) for row in rows))
        return self._labelled(line(request, response, eventId=self.name), labels)

    def conversation(self, labels: Sequence[str] = ()) -> bytes:
        """The captured line of a language model, with the values in prompts and answers."""
        rows = list(self.rows.values())
        prompts = [json.dumps({"x": row["x"], "plan": row["plan"]}) for row in rows]
        answers = [{"generated_text": json.dumps({"score": row["score"]})} for row in rows]
        request = side(json.dumps({"inputs": prompts}), JSON)
        captured = line(request, side(json.dumps(answers), JSON), eventId=self.name)
        return self._labelled(captured, labels)

    def _labelled(self, captured: bytes, labels: Sequence[str]) -> bytes:
        if not labels:
            return captured
        values = (",".join(str(row[name]) for name in labels) for row in self.rows.values())
        return merged(captured, "\n".join(values))


def check_is_private(text: str) -> None:
    """Make sure that a text holds no token and no value of a row."""
    assert PLANTED not in text
    assert TOKENS not in text
