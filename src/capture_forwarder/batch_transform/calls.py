"""A line of a transform job's input and one of its output → a call, as SageMaker captures it.

What the job put into its output is taken apart again. `JoinSource=Input` puts the record of the
input in front of a CSV answer, and a JSON answer under `SageMakerOutput` beside the input's own
keys, or with the input under `SageMakerInput`. `GenerateInferenceId` adds an id and the time at
which the job began: to CSV as the last two columns, to JSON as `SageMakerInferenceId` and
`SageMakerInferenceTime`. Sources: AWS, "DataProcessing" in the SageMaker API reference and
"Capture data from batch transform job" in the developer guide.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence

import msgspec

_ID, _TIME = "SageMakerInferenceId", "SageMakerInferenceTime"
_INPUT, _OUTPUT = "SageMakerInput", "SageMakerOutput"
_LAST_COLUMNS = re.compile(
    r'(?:^|,)\s*"?(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"?\s*'
    r',\s*"?(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*Z)"?\s*$'
)

_CSV = "text/csv"
# A line of JSON Lines is a record, but an object may also be a document that holds records.
_JSON = {b"{": "application/json", b"[": "application/jsonlines"}

Fields = dict[str, msgspec.Raw]
_decode = msgspec.json.Decoder(Fields).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.encode


class Answer(msgspec.Struct, frozen=True):
    """A line of the output, taken apart.

    Parameters
    ----------
    response
        What the model answered.
    request
        The input that the job joined to it under names of its own; None if it did not.
    id, time
        What `GenerateInferenceId` added; None where it did not.
    """

    response: bytes
    request: bytes | None = None
    id: str | None = None
    time: str | None = None


def read_answer(line: bytes) -> Answer:
    """Take a line of the output apart, as far as it says itself what is what."""
    fields = _object(line)
    if fields is None:
        return _csv_answer(line)
    identity, time = (_string(fields.pop(name, None)) for name in (_ID, _TIME))
    if _OUTPUT not in fields:
        if identity is None and time is None:
            return Answer(line)
        return Answer(_encode(fields), None, identity, time)
    response = bytes(fields.pop(_OUTPUT))
    request = bytes(fields[_INPUT]) if _INPUT in fields else _encode(fields)
    return Answer(response, request, identity, time)


def is_joined_by_name(line: bytes) -> bool:
    """Whether a line of the output holds the input, too, and says which part of it is which."""
    fields = _object(line)
    return fields is not None and _OUTPUT in fields


def without_input(response: bytes, request: bytes) -> bytes | None:
    """A CSV answer without the record of the input that the job put in front of it.

    Returns
    -------
    bytes or None
        What follows the input's cells; None if the line does not begin with these, or holds
        nothing else.
    """
    plain = request.strip()
    if plain and b'"' not in response and response.startswith(plain + b","):
        return response[len(plain) + 1 :]
    cells, known = _cells(response), _cells(request)
    if not known or len(cells) <= len(known) or cells[: len(known)] != known:
        return None
    if b'"' not in response:
        return response.split(b",", len(known))[-1]
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells[len(known) :])
    return written.getvalue().encode()


def write_call(
    request: bytes | None, response: bytes | None, identity: str, time: str | None
) -> bytes:
    """Write a captured call as a line, with its newline.

    Parameters
    ----------
    request, response
        The payloads; None for one that there is not.
    identity
        The id of the call.
    time
        The time of the call in ISO 8601, if it is known.
    """
    data = {}
    if request is not None:
        data["endpointInput"] = _payload(request, "INPUT")
    if response is not None:
        data["endpointOutput"] = _payload(response, "OUTPUT")
    metadata = {"eventId": identity}
    if time is not None:
        metadata["inferenceTime"] = time
    call = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return _encode(call) + b"\n"


def _payload(data: bytes, mode: str) -> dict[str, str]:
    content_type, encoding = "text/csv", "CSV"
    # A line of JSON Lines is a record; an object may also be a document that holds records.
    if data.lstrip()[:1] in {b"{", b"["} and _is_json(data):
        is_object = data.lstrip()[:1] == b"{"
        content_type, encoding = (
            "application/json" if is_object else "application/jsonlines",
            "JSON",
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(data).decode(), "BASE64"
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


def _csv_answer(line: bytes) -> Answer:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return Answer(line)
    if found := _LAST_COLUMNS.search(text):
        return Answer(text[: found.start()].encode(), None, found["id"], found["time"])
    return Answer(line)


def _cells(line: bytes) -> Sequence[str]:
    text = line.decode(errors="replace")
    cells = text.split(",")
    if '"' in text:
        try:
            cells = [cell for row in csv.reader([text]) for cell in row]
        except csv.Error:
            return []
    return [cell.strip() for cell in cells]


def _object(line: bytes) -> Fields | None:
    if line.lstrip()[:1] != b"{":
        return None
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _string(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    try:
        return _text(raw) or None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
