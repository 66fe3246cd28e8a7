"""The page about batch transform jobs: every row of its table is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from capture_forwarder.batch_transform.store import TransformStore
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping, compile_mapping, read_lines
from tests.support.transforms import STARTED, Job, Listing, inference_id, memory_store

PAGE = (Path(__file__).parents[2] / "docs/how-to/batch-transform.md").read_text()
TABLE = PAGE.partition("| Line of the input |")[2].partition("\n\n")[0]
ROWS = re.findall(
    r"^\| (not needed|`.*?`) \| `(.*?)` \| `(.*?)` → `(.*?)` \| `(.*?)` \|$", TABLE, re.MULTILINE
)


def test_every_row_of_the_table_is_run() -> None:
    assert len(ROWS) == TABLE.count("\n") - 1 == 9


@pytest.mark.parametrize(("request_", "response", "inputs", "outputs", "row"), ROWS)
def test_a_line_becomes_the_row_of_the_table(
    request_: str, response: str, inputs: str, outputs: str, row: str
) -> None:
    response = re.sub(r"\bID\b", inference_id(7), response)
    response = re.sub(r"\bTIME\b", STARTED, response)
    needed = request_ != "not needed"
    job = Job({"file": [request_.strip("`")]} if needed else {}, {"file": [response]})
    store = memory_store(job)
    if not needed:
        del store.objects[job.input_key]
    file = CaptureFile("captures", job.key)
    parse = compile_mapping(ColumnMapping.of(inputs, outputs), Schema()).for_file(file)

    with TransformStore(store, Listing(store), 10**6).open(file) as opened:
        (line,) = read_lines(opened.stream, 10**6)
    parsed = parse(line.data)

    assert isinstance(parsed, ParsedLine), parsed
    (inference,) = parsed.inferences
    assert list(inference.row.values()) == json.loads(row)
    if inference_id(7) in response:
        assert inference.id == inference_id(7)
    told = STARTED if STARTED in response else "2026-03-01T10:00:00Z"
    assert parsed.inference_time == told
