"""What was written as JSON without being read, beside the values that would have been read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from capture_forwarder.core.inference import Inference
from capture_forwarder.core.inferences import WrittenInferences


def are_the_same(written: WrittenInferences, values: Sequence[Inference]) -> None:
    """Require that all of it and each part has just those values, as JSON and when it is read."""
    count = len(values)
    assert typed(written) == typed(values)
    for start, stop in ((0, count), (0, 1), (count // 2, count), (count - 1, count), (1, count)):
        part = written[start:stop]
        assert list(part) == list(values[start:stop])
        if start < stop:
            assert isinstance(part, WrittenInferences)
            assert typed(part) == typed(values[start:stop])
    assert len(written[count:]) == len(written[1:0]) == 0
    assert written[-1] == values[-1]
    assert list(written[::-1]) == list(values)[::-1]


def typed(rows: Sequence[Inference]) -> list[list[tuple[str, object, type]]]:
    """Each row's columns, values and their types; read from JSON if that is what there is."""
    found = (
        json.loads(b"[" + rows.json_rows + b"]")
        if isinstance(rows, WrittenInferences)
        else [inference.row for inference in rows]
    )
    return [[(name, value, type(value)) for name, value in row.items()] for row in found]
