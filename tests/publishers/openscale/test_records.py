"""The records that OpenScale is sent: one an inference, in either version of its API."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from capture_forwarder.core.inference import ParsedLine, Row
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.preparation import complete
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.records import (
    TIME,
    RecordEncoder,
    data_set_records,
    mapping_problems,
    scoring_payloads,
)
from tests.support.captures import EVENT_ID, SOURCE, line, side
from tests.support.rows import inference_of

MAPPING = ColumnMapping.of("age,plan", "score", timestamp=TIME)
WHEN = "2026-03-01T10:20:30Z"
ROW: Row = {"age": 41, "plan": "basic", "score": 0.25, TIME: WHEN}


def records(encoder: RecordEncoder, *rows: Row) -> Any:
    inferences = [inference_of(f"call_{n}", row) for n, row in enumerate(rows)]
    return json.loads(encoder.body(inferences))


def test_a_v2_record_is_what_ibm_documents() -> None:
    encoder = data_set_records(MAPPING)

    assert encoder.body([inference_of("call_0", ROW)]) == (
        b'[{"request":{"fields":["age","plan"],"values":[[41,"basic"]]},'
        b'"response":{"fields":["score"],"values":[[0.25]]},'
        b'"scoring_id":"call_0","scoring_timestamp":"2026-03-01T10:20:30Z",'
        b'"multiple_records":true}]'
    )


def test_a_v1_payload_says_what_it_belongs_to_besides() -> None:
    assert records(scoring_payloads(MAPPING, "b", "s", "d"), ROW) == [
        {
            "binding_id": "b",
            "subscription_id": "s",
            "deployment_id": "d",
            "request": {"fields": ["age", "plan"], "values": [[41, "basic"]]},
            "response": {"fields": ["score"], "values": [[0.25]]},
            "scoring_id": "call_0",
            "scoring_timestamp": WHEN,
        }
    ]


def test_each_inference_is_a_record_of_its_own_with_one_row() -> None:
    made = records(data_set_records(MAPPING), ROW, {**ROW, "age": 42})

    assert [record["scoring_id"] for record in made] == ["call_0", "call_1"]
    assert [record["request"]["values"] for record in made] == [[[41, "basic"]], [[42, "basic"]]]


def test_metadata_columns_are_the_meta_of_a_v2_request() -> None:
    mapping = ColumnMapping.of("age", "score", "where=endpoint,n=row_index", timestamp=TIME)
    row: Row = {"age": 41, "score": 0.25, TIME: WHEN, "where": "churn", "n": 0}

    (record,) = records(data_set_records(mapping), row)

    assert record["request"] == {
        "fields": ["age"],
        "values": [[41]],
        "meta": {"fields": ["where", "n"], "values": [["churn", 0]]},
    }


@pytest.mark.parametrize("time", [None, "called_at", TIME])
def test_the_time_is_found_under_whatever_name_the_mapping_gives_it(time: str | None) -> None:
    mapping = ColumnMapping.of("age", "score", timestamp=time)

    (record,) = records(data_set_records(mapping), {"age": 1, "score": 2, time or TIME: WHEN})

    assert record["scoring_timestamp"] == WHEN
    assert record["request"]["fields"] == ["age"]


@pytest.mark.parametrize("row", [{"age": 1, "score": 2}, {"age": 1, "score": 2, TIME: None}])
def test_a_time_that_is_not_known_is_left_out(row: Row) -> None:
    (record,) = records(data_set_records(ColumnMapping.of("age", "score")), row)

    assert record.keys() == {"request", "response", "scoring_id", "multiple_records"}


def test_a_metadata_column_can_be_the_time() -> None:
    mapping = ColumnMapping.of("age", "score", f"{TIME}=capture_hour")

    (record,) = records(data_set_records(mapping), {"age": 1, "score": 2, TIME: WHEN})

    assert record["scoring_timestamp"] == WHEN
    assert "meta" not in record["request"]
    assert mapping_problems(mapping, meta=False) == []


def test_an_id_column_is_not_sent_again() -> None:
    mapping = ColumnMapping.of("age", "score", event_id="id", timestamp=TIME)

    (record,) = records(
        data_set_records(mapping), {"age": 1, "score": 2, TIME: WHEN, "id": "call_0"}
    )

    assert record["scoring_id"] == "call_0"
    assert "id" not in json.dumps(record["request"]) + json.dumps(record["response"])


def test_rows_may_hold_whatever_json_can() -> None:
    row: Row = {"age": [1.5, None], "plan": 'ü "\u2028\\', "score": math.nan, TIME: WHEN}

    (record,) = records(data_set_records(MAPPING), row)

    assert record["request"]["values"] == [[[1.5, None], 'ü "\u2028\\']]
    assert record["response"]["values"] == [[None]]


def test_rows_in_another_order_of_columns_are_sent_as_the_mapping_orders_them() -> None:
    encoder = data_set_records(MAPPING)
    turned = dict(reversed(ROW.items()))

    assert records(encoder, turned) == records(encoder, ROW)


def test_a_captured_line_arrives_with_its_time_and_ids() -> None:
    schema = Schema(timestamp_column=TIME)
    mapping = ColumnMapping.of("age,plan", "score")
    parse = LineParser(complete(mapping, schema), schema).for_file(SOURCE)
    parsed = parse(line(side("41,basic\n42,pro"), side("0.25\n0.5")))

    assert isinstance(parsed, ParsedLine)
    made = json.loads(data_set_records(mapping).body(parsed.inferences))
    assert [record["scoring_id"] for record in made] == [f"{EVENT_ID}_0", f"{EVENT_ID}_1"]
    assert [record["response"]["values"] for record in made] == [[[0.25]], [[0.5]]]
    assert {record["scoring_timestamp"] for record in made} == {parsed.inference_time}


@pytest.mark.parametrize("mapping", [MAPPING, ColumnMapping.of("age", "score", "e=endpoint")])
def test_the_overhead_is_about_what_a_record_takes_besides_its_values(
    mapping: ColumnMapping,
) -> None:
    encoder = data_set_records(mapping)
    row: Row = {name: 1 for name in mapping.names if name != TIME} | {TIME: WHEN}

    measured = len(encoder.body([inference_of("x" * 36, row)]))

    assert measured <= encoder.overhead <= measured + 40


def test_a_mapping_without_a_side_or_with_metadata_for_v1_is_told() -> None:
    assert mapping_problems(MAPPING, meta=False) == []
    assert len(mapping_problems(ColumnMapping.of("age"), meta=True)) == 1
    assert len(mapping_problems(ColumnMapping.of(outputs="score"), meta=True)) == 1
    with_meta = ColumnMapping.of("age", "score", "e=endpoint")
    assert mapping_problems(with_meta, meta=True) == []
    assert "leave out e " in mapping_problems(with_meta, meta=False)[0]
