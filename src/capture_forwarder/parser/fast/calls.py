"""The lines of a chunk → the calls they hold, all lines of one make in one call of a decoder.

The first line says what the lines of the chunk are: their content types and encodings. Lines of
another make are read after them, by the first of those; what is not surely a call is left to the
oracle.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, Literal

import msgspec

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.parser.bounds import LARGE_BYTES, holds_too_much, line_holds_too_much
from capture_forwarder.parser.call import CapturedCall, CapturedPayload, EventMetadata
from capture_forwarder.parser.fast.knobs import KINDS_A_CHUNK, KINDS_KNOWN, ROWS_AT_ONCE
from capture_forwarder.parser.formats.decode import Format, known_content

_Kind = tuple[str | None, str | None]
"""The encoding and the content type of a payload, as SageMaker wrote them."""

_OPENING, _CLOSING = set(b"{"), set(b"}")
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_read_first = msgspec.json.Decoder(CapturedCall).decode


class Payloads(msgspec.Struct, frozen=True):
    """One payload of each call, as text, and the format that all of them are in.

    `guessed` says that nothing but the looks of the first of them tells the format.
    """

    form: Format
    texts: Sequence[str]
    guessed: bool = False

    def part(self, first: int, stop: int) -> Payloads:
        """Those of the calls from `first` up to `stop`."""
        return Payloads(self.form, self.texts[first:stop], self.guessed)


class Calls(msgspec.Struct, frozen=True):
    """The calls of a chunk.

    Parameters
    ----------
    lines
        The indexes in the chunk of the lines that hold them, ascending.
    request, response
        Their payloads; None where that payload is not captured, or is never text.
    ids, metadata
        The id of each call, and what else is known of it.
    """

    lines: Sequence[int]
    request: Payloads | None
    response: Payloads | None
    ids: Sequence[str]
    metadata: Sequence[EventMetadata]

    def part(self, first: int, stop: int) -> Calls:
        """The calls from `first` up to `stop`, as far as there are as many."""
        return Calls(
            self.lines[first:stop],
            self.request and self.request.part(first, stop),
            self.response and self.response.part(first, stop),
            self.ids[first:stop],
            self.metadata[first:stop],
        )

    def parts(self) -> Iterator[Calls]:
        """Yield a few calls at a time, so that about `ROWS_AT_ONCE` rows are read at once."""
        payloads = self.request or self.response
        records = payloads.texts[0].count("\n") + 1 if payloads and payloads.texts else 1
        count = max(1, ROWS_AT_ONCE // records)
        if count >= len(self.lines):
            yield self
            return
        for first in range(0, len(self.lines), count):
            yield self.part(first, first + count)


def read_calls(chunk: Chunk) -> Iterator[Calls]:
    """Yield the calls of a chunk, those of one make together; what is unusual is left out."""
    if line_holds_too_much(chunk.data):
        return
    left: Sequence[int] = range(len(chunk))
    for _ in range(KINDS_A_CHUNK):
        kinds = None
        while left and (kinds := _kinds(chunk.line(left[0]).data)) is None:
            left = left[1:]
        if kinds is None:
            return
        lines, found = _decoded_of(chunk, left, _decoder(*kinds))
        if found:
            yield _calls(kinds, lines, found)
        taken = {left[0], *lines}
        if len(taken) == len(left):
            return
        left = [line for line in left if line not in taken]


def _kinds(line: bytes) -> tuple[_Kind | None, _Kind | None] | None:
    """What a line's payloads are; None if it holds no call."""
    try:
        data = _read_first(line).capture_data
    except _UNDECODABLE:
        return None
    return None if data is None else (_kind(data.endpoint_input), _kind(data.endpoint_output))


def _calls(
    kinds: tuple[_Kind | None, _Kind | None], lines: Sequence[int], found: Sequence[Any]
) -> Calls:
    metadata = [call.event_metadata for call in found]
    ids = [known.inference_id or known.event_id or "" for known in metadata]
    request = response = None
    fit = [bool(name) for name in ids]
    if kinds[0] is not None:
        texts = [call.capture_data.endpoint_input.data for call in found]
        request = _payloads(kinds[0], texts, fit)
    if kinds[1] is not None:
        texts = [call.capture_data.endpoint_output.data for call in found]
        response = _payloads(kinds[1], texts, fit)
    calls = Calls(lines, request, response, ids, metadata)
    return calls if all(fit) else _only(calls, fit)


def _kind(payload: CapturedPayload | None) -> _Kind | None:
    if payload is None or payload.data is None:
        return None
    return payload.encoding, payload.observed_content_type


@lru_cache(maxsize=KINDS_KNOWN)
def _decoder(request: _Kind | None, response: _Kind | None) -> msgspec.json.Decoder[Any]:
    """Make a decoder that takes calls of this make and no others."""
    payloads = [
        ("endpoint_input", *_payload_type(request)),
        ("endpoint_output", *_payload_type(response)),
    ]
    data = msgspec.defstruct("Data", payloads, rename="camel", gc=False, kw_only=True)
    fields = [("capture_data", data), ("event_metadata", EventMetadata)]
    return msgspec.json.Decoder(msgspec.defstruct("Call", fields, rename="camel", gc=False))


def _payload_type(kind: _Kind | None) -> tuple[Any, ...]:
    if kind is None:
        return (None, None)
    names = ("encoding", "observed_content_type")
    fields: list[Any] = [("data", str)]
    fields += [
        (name, None, None) if word is None else (name, Literal[word])
        for name, word in zip(names, kind, strict=True)
    ]
    return (msgspec.defstruct("Payload", fields, rename="camel", gc=False, kw_only=True),)


def _decoded_of(
    chunk: Chunk, lines: Sequence[int], decoder: msgspec.json.Decoder[Any]
) -> tuple[Sequence[int], list[Any]]:
    """Decode those of some lines that the decoder takes."""
    first = lines[0]
    if lines[-1] - first == len(lines) - 1:
        taken, found = _decoded(chunk.part(first, first + len(lines)), decoder)
        return (taken if not first else [first + line for line in taken]), found
    taken, found = [], []
    for line in lines:
        try:
            found.append(decoder.decode(chunk.line(line).data))
        except _UNDECODABLE:
            continue
        taken.append(line)
    return taken, found


def _decoded(chunk: Chunk, decoder: msgspec.json.Decoder[Any]) -> tuple[Sequence[int], list[Any]]:
    """Decode all lines at once, or halves of them where one of them is odd."""
    data, ends = chunk.data, chunk.ends
    # So ended and begun, no document goes on in the next line; as many as lines are one each.
    if {data[0], *[data[end + 1] for end in ends[:-1]]} == _OPENING and (
        {data[end - 1] for end in ends} == _CLOSING
    ):
        try:
            found = decoder.decode_lines(memoryview(data)[: ends[-1] + 1])
        except _UNDECODABLE:
            found = []
        if len(found) == len(ends):
            return range(len(found)), found
    if len(ends) == 1:
        return [], []
    middle = len(ends) // 2
    lines, calls = _decoded(chunk.part(0, middle), decoder)
    others, more = _decoded(chunk.part(middle, len(ends)), decoder)
    return [*lines, *(middle + line for line in others)], calls + more


def _payloads(kind: _Kind, texts: list[str], fit: list[bool]) -> Payloads | None:
    """Undo the encoding; `fit` is set to False where that fails."""
    encoding, content_type = kind
    known = known_content(content_type)
    if known is None or not texts:
        return None
    form, in_utf8 = known
    if encoding == "BASE64":
        if not in_utf8:
            return None
        for index, data in enumerate(texts):
            try:
                texts[index] = a2b_base64(data, strict_mode=True).decode()
            except ValueError:
                texts[index], fit[index] = "", False
    elif encoding not in {"CSV", "JSON", None}:
        return None
    _leave_out_large(texts, fit)
    guessed = form is Format.UNKNOWN and encoding != "CSV"
    if form is Format.UNKNOWN:
        form = Format.JSON if guessed and texts[0].lstrip()[:1] in {"{", "["} else Format.CSV
    return Payloads(form, texts, guessed) if form in {Format.CSV, Format.JSON} else None


def _leave_out_large(texts: list[str], fit: list[bool]) -> None:
    if max(map(len, texts)) > LARGE_BYTES:
        for index, text in enumerate(texts):
            if holds_too_much(text):
                texts[index], fit[index] = "", False


def _only(calls: Calls, fit: Sequence[bool]) -> Calls:
    def kept(payloads: Payloads | None) -> Payloads | None:
        return payloads and Payloads(
            payloads.form, list(compress(payloads.texts, fit)), payloads.guessed
        )

    return Calls(
        list(compress(calls.lines, fit)),
        kept(calls.request),
        kept(calls.response),
        list(compress(calls.ids, fit)),
        list(compress(calls.metadata, fit)),
    )
