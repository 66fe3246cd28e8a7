"""The time of a pattern grows with the length of a text, and no faster."""

# ruff: noqa: SLF001 - the patterns are nobody else's
from __future__ import annotations

import json
import re
from time import process_time

import pytest

from capture_forwarder.parser.formats import events, numbers, plain_text
from capture_forwarder.parser.mapping import casts

PATTERNS = {
    "cast": casts._NUMBER,
    "inferred": casts._WRITTEN_NUMBER,
    "whole": casts._WHOLE,
    "plain": plain_text._NUMBER,
    "json": numbers._NUMBER,
    "events": events._EVENTS,
}
LONG = 200_000
# Squared, this length takes minutes; in a line, a few thousandths of a second.
ENOUGH_SECONDS = 1.0


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@pytest.mark.parametrize("repeated", ["9", "0", " ", "\n", "1.", "9 ", ":\n", "1e9", ".5"])
def test_a_long_run_that_does_not_match_is_left_at_once(
    pattern: re.Pattern[str], repeated: str
) -> None:
    for before in ("", "1", ".", "1.5", "1e"):
        started = process_time()
        assert pattern.fullmatch(f"{before}{repeated * LONG}x") is None
        assert pattern.fullmatch(f"{before}{repeated * LONG} x") is None
        assert process_time() - started < ENOUGH_SECONDS


NUMBERS = ["1", "-1", "+1.", "1.5", ".5", "1e5", "1.e-5", ".5E+3", "01", "007.5"]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_a_number_is_one(number: str) -> None:
    assert casts._NUMBER.fullmatch(number)
    assert plain_text.is_number(f" {number}\t")


@pytest.mark.parametrize("text", ["", ".", "1e", "1.5.2", "--1", "1 2", "e5", "+", "1_0", "٣"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert not casts._NUMBER.fullmatch(text)
    assert not plain_text.is_number(text)


def test_a_stream_of_many_events_is_joined_in_a_time_that_grows_with_their_number() -> None:
    def seconds(count: int) -> float:
        calls = [{"index": 0, "function": {"name": "f", "arguments": "x" * 9}}]
        delta = {"content": "x" * 99, "tool_calls": calls}
        event = json.dumps({"choices": [{"index": 0, "delta": delta}]})
        text = f"data: {event}\n\n" * count + "data: [DONE]\n\n"
        started = process_time()
        document = events.joined(text, "response")
        taken = process_time() - started
        message = document["choices"][0]["message"]  # type: ignore[index]
        assert message["content"] == "x" * 99 * count
        assert message["tool_calls"][0]["function"]["arguments"] == "x" * 9 * count
        return taken

    short = min(seconds(4_000) for _ in range(3))
    assert min(seconds(32_000) for _ in range(3)) < 24 * short


def test_many_tool_calls_are_joined_in_a_time_that_grows_with_their_number() -> None:
    started = process_time()
    calls = [{"index": n, "function": {"arguments": "{}"}} for n in range(20_000)]
    texts = [json.dumps({"choices": [{"delta": {"tool_calls": [call]}}]}) for call in calls]
    stream = "".join(f"data: {text}\n\n" for text in texts) + "data: [DONE]\n\n"
    document = events.joined(stream, "response")
    assert document["choices"][0]["message"]["tool_calls"] == calls  # type: ignore[index]
    assert process_time() - started < 5


@pytest.mark.parametrize("index", [[], {}, [0], "a", None, 1.5])
def test_a_choice_may_have_any_index(index: object) -> None:
    event = {"choices": [{"index": index, "delta": {"content": 5}}]}
    then = {"choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": "stop"}]}
    text = f"data: {json.dumps(event)}\n\ndata: {json.dumps(then)}\n\n"
    assert events.text_of(events.joined(text, "response")) == "x"
