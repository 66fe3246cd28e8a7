"""The lines of a chunk → the calls they hold, all lines of one make in one call of a decoder.

The first line says what the lines of the chunk are: their content types and encodings. Lines of
another make are read after them, by the first of those; what is not surely a call is left to the
oracle.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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

_READ = frozenset({Format.CSV, Format.JSON, Format.JSON_LINES})
_CHARSETS = ("; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8")
_BASE64 = "BASE64"
_OPENING, _CLOSING = set(b"{"), set(b"}")
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# As in: Invalid enum value 'JSON' - at `$[57].captureData.endpointInput.encoding`.
_LINE_OF_ERROR = re.compile(r"`\$\[([0-9]+)\]")

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
    large = chunk.size(len(chunk)) > LARGE_BYTES
    if large and line_holds_too_much(chunk.data[chunk.begin : chunk.ends[-1]]):
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
            yield _calls(kinds, lines, found, large=large)
        if len(lines) == len(left):
            return
        taken = {left[0], *lines}
        left = [line for line in left if line not in taken]


def _kinds(line: bytes) -> tuple[_Kind | None, _Kind | None] | None:
    """What a line's payloads are; None if it holds no call."""
    try:
        data = _read_first(line).capture_data
    except _UNDECODABLE:
        return None
    return None if data is None else (_kind(data.endpoint_input), _kind(data.endpoint_output))


def _calls(
    kinds: tuple[_Kind | None, _Kind | None],
    lines: Sequence[int],
    found: Sequence[Any],
    *,
    large: bool,
) -> Calls:
    metadata = [call.event_metadata for call in found]
    ids = [known.inference_id or known.event_id or "" for known in metadata]
    unfit = set() if all(ids) else {call for call, name in enumerate(ids) if not name}
    request = response = None
    if kinds[0] is not None:
        data = [call.capture_data.endpoint_input.data for call in found]
        request = _payloads(kinds[0], data, unfit, large=large)
    if kinds[1] is not None:
        data = [call.capture_data.endpoint_output.data for call in found]
        response = _payloads(kinds[1], data, unfit, large=large)
    calls = Calls(lines, request, response, ids, metadata)
    return _without(calls, unfit) if unfit else calls


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
    encoding, content_type = kind
    fields: list[Any] = [
        # The decoder undoes base64 in half the time that a call for each payload takes.
        ("data", bytes if encoding == _BASE64 else str),
        _field("encoding", [] if encoding is None else [encoding]),
        _field("observed_content_type", _spellings(content_type)),
    ]
    return (msgspec.defstruct("Payload", fields, rename="camel", gc=False, kw_only=True),)


def _field(name: str, words: Sequence[str]) -> tuple[Any, ...]:
    return (name, Literal[tuple(words)]) if words else (name, None, None)


def _spellings(content_type: str | None) -> list[str]:
    """The content types that say the same: clients of one endpoint differ by a charset at most."""
    if content_type is None:
        return []
    essence = content_type.partition(";")[0]
    spelled = [content_type, essence, *(f"{essence}{charset}" for charset in _CHARSETS)]
    said = known_content(content_type)
    return list(dict.fromkeys(one for one in spelled if known_content(one) == said))


def _decoded_of(
    chunk: Chunk, lines: Sequence[int], decoder: msgspec.json.Decoder[Any]
) -> tuple[Sequence[int], list[Any]]:
    """Decode those of some lines that the decoder takes."""
    first, count = lines[0], len(lines)
    if lines[-1] - first == count - 1 and _are_documents(part := chunk.part(first, first + count)):
        taken, found = _decoded(part, decoder)
        return (taken if not first else [first + line for line in taken]), found
    taken, found = [], []
    for line in lines:
        try:
            found.append(decoder.decode(chunk.line(line).data))
        except _UNDECODABLE:
            continue
        taken.append(line)
    return taken, found


def _are_documents(chunk: Chunk) -> bool:
    """Whether no document goes on in the next line: as many as lines are one each then."""
    data, ends = chunk.data, chunk.ends
    begins = {data[chunk.begin], *[data[end + 1] for end in ends[:-1]]}
    return begins == _OPENING and {data[end - 1] for end in ends} == _CLOSING


def _decoded(chunk: Chunk, decoder: msgspec.json.Decoder[Any]) -> tuple[Sequence[int], list[Any]]:
    """Decode all lines at once, or those around one that is odd."""
    count = len(chunk)
    odd = stop = None
    try:
        found = decoder.decode_lines(memoryview(chunk.data)[chunk.begin : chunk.ends[-1] + 1])
        if len(found) == count:
            return range(count), found
    except msgspec.ValidationError as error:
        odd = stop = _line_of(error)
    except _UNDECODABLE:
        pass
    if count == 1:
        return [], []
    if odd is None or stop is None or odd >= count:
        odd = stop = count // 2
    else:
        stop += 1
    lines, calls = _decoded(chunk.part(0, odd), decoder) if odd else ([], [])
    others, more = _decoded(chunk.part(stop, count), decoder) if stop < count else ([], [])
    return [*lines, *(stop + line for line in others)], calls + more


def _line_of(error: msgspec.ValidationError) -> int | None:
    """The index of the line that an error is about, if the decoder says so."""
    found = _LINE_OF_ERROR.search(str(error))
    return None if found is None else int(found[1])


def _payloads(kind: _Kind, data: Sequence[Any], unfit: set[int], *, large: bool) -> Payloads | None:
    """Make texts of data; `unfit` gets the indexes for which that fails, or gives too much."""
    encoding, content_type = kind
    known = known_content(content_type)
    if known is None or not data:
        return None
    form, in_utf8 = known
    texts: Sequence[str] = data
    if encoding == _BASE64:
        if not in_utf8:
            return None
        texts = _in_utf8(data, unfit)
    elif encoding not in {"CSV", "JSON", None}:
        return None
    if large:
        unfit.update(index for index, text in enumerate(texts) if holds_too_much(text))
    guessed = form is Format.UNKNOWN and encoding != "CSV"
    if form is Format.UNKNOWN:
        form = Format.JSON if guessed and texts[0].lstrip()[:1] in {"{", "["} else Format.CSV
    return Payloads(form, texts, guessed) if form in _READ else None


def _in_utf8(data: Sequence[bytes], unfit: set[int]) -> list[str]:
    """Read texts; `unfit` gets the indexes of those that are none, which are empty then."""
    try:
        return list(map(bytes.decode, data))
    except UnicodeDecodeError:
        pass
    texts = []
    for index, one in enumerate(data):
        try:
            texts.append(one.decode())
        except UnicodeDecodeError:
            texts.append("")
            unfit.add(index)
    return texts


def _without(calls: Calls, unfit: Collection[int]) -> Calls:
    """Leave calls out."""
    fit = [call not in unfit for call in range(len(calls.lines))]

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
