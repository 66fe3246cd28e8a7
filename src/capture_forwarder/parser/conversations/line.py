"""A line → the conversations that were held in its call, as rows.

This alone decides what of a payload is a prompt and what an answer. A call with several prompts is
several inferences; several answers to one prompt are choices of the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

import jmespath
from jmespath.exceptions import JMESPathError

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.inferences import Inferences
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser.call import CaptureData, CapturedPayload, read_call
from capture_forwarder.parser.conversations.embeddings import dimensions_of
from capture_forwarder.parser.conversations.failures import is_error
from capture_forwarder.parser.conversations.requests import Find, read_request
from capture_forwarder.parser.conversations.responses import read_details, read_response
from capture_forwarder.parser.conversations.values import (
    Answer,
    Answered,
    Asked,
    Operation,
    Prompt,
)
from capture_forwarder.parser.formats.decode import Format, decode_payload
from capture_forwarder.parser.formats.events import are_events, joined
from capture_forwarder.parser.formats.json_text import NOTHING
from capture_forwarder.parser.formats.payload import document_in, failed_call
from capture_forwarder.parser.line import ParseChunk, ParseLine
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.parser.mapping.metadata_columns import (
    Constants,
    MetadataColumns,
    constants_of,
)
from capture_forwarder.parser.rejected import RejectedError

Values = tuple[object, ...]

_ELSEWHERE = "A model that takes columns needs a publisher of rows; see docs/language-models.md."


class ConversationParser:
    """Turns lines into rows of conversations; see `core.conversation`.

    Parameters
    ----------
    mapping
        Its `input_path` selects the prompts in a request and its `output_path` the answers in a
        response, in place of what is known of their forms; its metadata columns follow.
    """

    def __init__(self, mapping: ColumnMapping) -> None:
        self._names = mapping.names
        self._find_prompts = _finder(mapping.input_path)
        self._find_answers = _finder(mapping.output_path)
        self._leave_out_shadows = not mapping.shadow
        self._metadata_columns = MetadataColumns(mapping)

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of a capture file share; see `LineParser.for_file`."""
        constants = constants_of(capture_file)

        def parse(line: bytes) -> ParsedLine | Rejection:
            try:
                return self._parse(line, constants)
            except RejectedError as rejected:
                return Rejection(rejected.reason, rejected.detail)

        return parse

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Return what reads no line of a chunk: these lines are parsed one by one."""
        del capture_file
        return lambda _chunk: ()

    def _parse(self, line: bytes, constants: Constants) -> ParsedLine:
        data, metadata, identity = read_call(line)
        time = metadata.inference_time
        if (self._leave_out_shadows and metadata.is_shadow) or _is_empty(data):
            return ParsedLine((), time)
        rows = self._rows(data, time)
        ids = [identity] if len(rows) == 1 else [f"{identity}_{n}" for n in range(len(rows))]
        whole = map(add, rows, self._metadata_columns.of_call(ids, metadata, constants))
        inferences = Inferences(ids, self._names, list(whole))
        return ParsedLine(inferences, time, calls=(identity,))

    def _rows(self, data: CaptureData, time: str | None) -> list[Values]:
        request = _document(data.endpoint_input, "request", Reason.MISSING_INPUT)
        asked = read_request(request, self._find_prompts)
        response = _document(data.endpoint_output, "response", Reason.MISSING_OUTPUT)
        if is_error(response):
            raise failed_call("response")
        if asked is None:
            raise _without("request", "prompt", "input_path", self._find_prompts)
        answered = read_response(response, self._find_answers)
        if answered is None and self._find_answers is None:
            dimensions = dimensions_of(response)
            if dimensions is not None:
                return [_embedding(asked, response, dimensions, time)]
        if answered is None:
            raise _without("response", "answer", "output_path", self._find_answers)
        return _conversations(asked, answered, time)


def _document(side: CapturedPayload | None, name: str, missing: Reason) -> object:
    """The JSON of a payload; a text where it is declared to be one; None for anything else."""
    if side is None or side.data is None:
        detail = f"The {name} was not captured, but a conversation needs both sides of a call."
        raise RejectedError(missing, detail)
    form, content = decode_payload(side, name)
    if isinstance(content, bytes):
        return None
    if form is Format.EVENTS or (form is not Format.CSV and are_events(content)):
        return joined(content, name)
    document = document_in(form, content)
    if document is not NOTHING:
        return document
    if form in {Format.JSON, Format.JSON_LINES}:
        detail = f"The {name} is neither JSON nor JSON Lines; it may have been cut."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail)
    # A page is what a proxy answers when a call fails.
    is_text = form is Format.TEXT and content.lstrip()[:1] != "<"
    return content if is_text else None


def _is_empty(data: CaptureData) -> bool:
    sides = (data.endpoint_input, data.endpoint_output)
    return all(side is not None and side.data == "" for side in sides)


def _conversations(asked: Asked, answered: Answered, time: str | None) -> list[Values]:
    prompts, answers = asked.prompts, answered.answers
    each, rest = divmod(len(answers), len(prompts))
    if rest or not each:
        detail = (
            f"The request holds {len(prompts)} prompt(s), the response {len(answers)} answer(s)."
        )
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    groups = [answers[n * each : (n + 1) * each] for n in range(len(prompts))]
    alone = len(prompts) == 1
    return [
        _row(prompt, group, asked, answered, time, alone=alone)
        for prompt, group in zip(prompts, groups, strict=True)
    ]


def _row(  # noqa: PLR0913 - what a row is made of
    prompt: Prompt,
    answers: Sequence[Answer],
    asked: Asked,
    answered: Answered,
    time: str | None,
    *,
    alone: bool,
) -> Values:
    # What a whole call took cannot be divided among its prompts.
    usage = answered.usage if alone and answered.usage else answers[0].usage
    return (
        (Operation.CHAT if prompt.chat else Operation.TEXT_COMPLETION).value,
        time,
        asked.model,
        answered.model,
        answered.response_id,
        asked.conversation_id,
        prompt.system,
        prompt.messages,
        [message for answer in answers for message in answer.messages],
        asked.tools,
        asked.parameters,
        usage,
        None,
    )


def _embedding(asked: Asked, response: object, dimensions: int, time: str | None) -> Values:
    """One row a call, however many texts it embeds."""
    details = read_details(response)
    messages = [message for prompt in asked.prompts for message in prompt.messages]
    return (
        Operation.EMBEDDINGS.value,
        time,
        asked.model,
        details.model,
        details.response_id,
        asked.conversation_id,
        [],
        messages,
        [],
        [],
        asked.parameters,
        details.usage,
        dimensions,
    )


def _finder(path: str | None) -> Find | None:
    if path is None:
        return None
    compiled = jmespath.compile(path)

    def find(document: object) -> object:
        try:
            return compiled.search(document)
        except (JMESPathError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    return find


def _without(side: str, what: str, setting: str, find: Find | None) -> RejectedError:
    if find is not None:
        detail = f"The path in {setting} selects no {what} in the {side}."
    else:
        detail = (
            f"The {side} holds no {what} of a form that is known; if it has one, select it by "
            f"{setting} (FORWARDER_{setting.upper()}). {_ELSEWHERE}"
        )
    return RejectedError(Reason.NOT_A_CONVERSATION, detail)
