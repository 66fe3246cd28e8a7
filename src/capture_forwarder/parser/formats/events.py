"""Server-sent events → the answer that they stream, as the endpoint gives it in one piece.

Sources: the Chat Completions and Completions APIs of OpenAI, which vLLM, LMI and others follow;
Text Generation Inference's `/generate_stream`; WHATWG's HTML standard, "Server-sent events".
`typed_events` has those of Anthropic and of OpenAI's Responses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.formats.json_text import decode_json
from capture_forwarder.parser.formats.typed_events import are_typed, joined_by_type
from capture_forwarder.parser.rejected import RejectedError

_EVENTS = re.compile(r"\ufeff?(?:(?:(?:event|id|retry)?:[^\n]*+\n)|\s)*+data:")
_DONE = "[DONE]"
_ANOTHER = "of another kind than OpenAI's, Anthropic's and TGI's"
_CUT = "without its last event; it may have been cut"

Event = Mapping[str, object]


def are_events(text: str) -> bool:
    """Whether a text is server-sent events."""
    return _EVENTS.match(text) is not None


def joined(text: str, name: str) -> dict[str, object]:
    """Join the events of a stream.

    Parameters
    ----------
    text
        Server-sent events.
    name
        What to call it in a rejection: "request" or "response".

    Returns
    -------
    dict
        `{"choices": [{"message": {"content": ...}, ...}]}`, `{"choices": [{"text": ...}]}` or
        `{"generated_text": ...}`, with what else the events say. The text is also where the
        events have their parts of it: in `choices[].delta.content` or `token.text`. Or a message
        of Anthropic's, or a response of OpenAI's, as without streaming.

    Raises
    ------
    RejectedError
        With `undecodable-payload`: events of another kind, or not all of them; with
        `error-response`: one tells of an error.
    """
    texts = _data_of(text)
    whole = _DONE in texts
    events = [decode_json(one) for one in texts if one != _DONE]
    if not events or not all(isinstance(event, dict) for event in events):
        raise _unreadable(name, _ANOTHER)
    found: list[Event] = [event for event in events if isinstance(event, dict)]
    if any("error" in event and "choices" not in event for event in found):
        detail = f"The {name} is a stream of events that ends in an error message."
        raise RejectedError(Reason.ERROR_RESPONSE, detail)
    if any("token" in event or "generated_text" in event for event in found):
        return _generated(found, name)
    if any("choices" in event for event in found):
        return _choices(found, name, whole=whole)
    if are_typed(found):
        if (answer := joined_by_type(found)) is None:
            raise _unreadable(name, _CUT)
        return answer
    raise _unreadable(name, _ANOTHER)


def _data_of(text: str) -> list[str]:
    """The data of each event; an event's further lines of data go below its first one."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events = []
    for block in re.split(r"\n{2,}", lines):
        data = [line[5:].removeprefix(" ") for line in block.split("\n") if line[:5] == "data:"]
        # Some servers leave out the empty line between two events.
        whole = "\n".join(data)
        several = len(data) > 1 and not isinstance(decode_json(whole), dict)
        events += [one.strip() for one in (data if several else [whole])]
    return [event for event in events if event]


def _generated(events: Sequence[Event], name: str) -> dict[str, object]:
    last = events[-1]
    if isinstance(last.get("generated_text"), str):
        token = {"text": last["generated_text"]}
        return {key: value for key, value in last.items() if key != "index"} | {"token": token}
    raise _unreadable(name, _CUT)


def _choices(events: Sequence[Event], name: str, *, whole: bool) -> dict[str, object]:
    document: dict[str, object] = {}
    choices: dict[str, dict[str, object]] = {}
    for event in events:
        document |= {key: value for key, value in event.items() if value is not None}
        for delta in _dictionaries(event.get("choices")):
            _add(choices.setdefault(_index_of(delta), {}), delta)
    if not choices:
        raise _unreadable(name, "without any choice")
    if not whole and not all(choice.get("finish_reason") for choice in choices.values()):
        raise _unreadable(name, _CUT)
    for choice in choices.values():
        _join_parts(choice)
        if "message" in choice:
            choice["delta"] = choice["message"]
    return document | {"choices": [choices[index] for index in sorted(choices)]}


def text_of(document: Event) -> object:
    """The text that a joined stream holds, of its first choice where it has several."""
    if "generated_text" in document:
        return document["generated_text"]
    if "choices" not in document:
        texts = [part.get("text") for part in _dictionaries(document.get("content"))]
        return "".join(text for text in texts if isinstance(text, str)) or None
    first = _dictionaries(document["choices"])[0]
    message = first.get("message")
    return message.get("content") if isinstance(message, dict) else first.get("text")


class _Parts(list[str]):
    """The parts of a text, joined at the end: to add to a text takes its whole length each time."""


class _Calls(dict[str, dict[str, object]]):
    """Tool calls by their index."""


def _index_of(part: Event) -> str:
    return repr(part.get("index", 0))


def _join_parts(held: dict[str, object]) -> None:
    for key, value in held.items():
        if isinstance(value, _Parts):
            held[key] = "".join(value)
        elif isinstance(value, _Calls):
            for call in value.values():
                _join_parts(call)
            held[key] = list(value.values())
        elif key in {"message", "function"} and isinstance(value, dict):
            _join_parts(value)


def _add_text(held: dict[str, object], key: str, text: str) -> None:
    parts = held.get(key)
    if not isinstance(parts, _Parts):
        parts = held[key] = _Parts()
    parts.append(text)


def _add(choice: dict[str, object], delta: Event) -> None:
    """Add to a choice what one event brings of it."""
    for key, value in delta.items():
        if key == "delta":
            message = choice.setdefault("message", {"content": None})
            if isinstance(message, dict) and isinstance(value, dict):
                _add(message, value)
        elif key in {"content", "text", "reasoning_content"} and isinstance(value, str):
            _add_text(choice, key, value)
        elif key == "tool_calls":
            _add_calls(choice, _dictionaries(value))
        elif value is not None or key not in choice:
            choice[key] = value


def _add_calls(message: dict[str, object], calls: Sequence[Event]) -> None:
    """Add to a message what an event brings of its tool calls, whose arguments come in parts."""
    known = message.get("tool_calls")
    if not isinstance(known, _Calls):
        known = message["tool_calls"] = _Calls()
    for call in calls:
        before = known.setdefault(_index_of(call), {})
        function = call.get("function")
        if not before:
            before.update(call)
            if isinstance(function, dict):
                before["function"] = function = dict(function)
                if isinstance(arguments := function.get("arguments"), str):
                    function["arguments"] = _Parts([arguments])
            continue
        held = before.get("function")
        if isinstance(held, dict) and isinstance(function, dict):
            _add_text(held, "arguments", str(function.get("arguments") or ""))


def _dictionaries(held: object) -> list[Event]:
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []


def _unreadable(name: str, why: str) -> RejectedError:
    detail = f"The {name} is a stream of server-sent events {why}."
    return RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
