"""What inspect says of the calls of a language model."""

from __future__ import annotations

import json

from capture_forwarder.core.line import Line
from capture_forwarder.inspection import Given, Sample, inspect_files
from tests.support.captures import JSON, SOURCE, line, side

CHAT = {"messages": [{"role": "user", "content": "hi"}]}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "ho"}}]}


def notes(*calls: tuple[object, object]) -> str:
    raws = [
        line(side(json.dumps(request), JSON), side(json.dumps(response), JSON), eventId=f"c{n}")
        for n, (request, response) in enumerate(calls)
    ]
    lines = [Line(n, 0, raw, len(raw)) for n, raw in enumerate(raws, 1)]
    return "\n".join(inspect_files([Sample(SOURCE, "file", lines)], Given()).notes)


def test_calls_of_a_language_model_are_counted_and_traces_proposed() -> None:
    said = notes((CHAT, ANSWER), (CHAT, ANSWER), (CHAT, {"error": "overloaded"}))

    assert "2 of 3 call(s) are of a language model" in said
    assert "otlp" in said


def test_they_are_too_where_no_columns_are_found() -> None:
    said = notes(({"inputs": ["a", "b"]}, [[{"generated_text": "c"}], [{"generated_text": "d"}]]))

    assert "1 of 1 call(s) are of a language model" in said


def test_of_a_model_with_columns_nothing_is_said_of_language_models() -> None:
    assert "language model" not in notes(({"instances": [{"age": 3}]}, {"predictions": [0.5]}))
