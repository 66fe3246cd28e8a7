"""Settings of labels: in a routes file, and in the environment."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.label_mapping import LabelColumn, LabelMapping
from capture_forwarder.settings import load
from capture_forwarder.settings.routes_check import check_routes
from capture_forwarder.settings.routes_file import parse_routes
from capture_forwarder.settings.schema import routes_schema

FILES = {"type": "files", "place": "s3://bucket/labels"}
OPENSCALE = {
    "type": "openscale",
    "service_instance_id": "i",
    "subscription_id": "s",
    "api_key": "k",
}


def route(labels: object = None, **changes: Any) -> dict[str, Any]:
    return {"name": "l", "labels": {} if labels is None else labels, "publisher": FILES, **changes}


def parsed(*routes: dict[str, Any]) -> Any:
    return parse_routes(yaml.safe_dump({"routes": list(routes)}), "routes.yaml")


def problems(*routes: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        parsed(*routes)
    place = re.compile(r"^routes\.yaml, line \d+(, route \w+)?: ")
    assert all(place.match(problem) for problem in raised.value.problems)
    return [place.sub("", problem) for problem in raised.value.problems]


def test_labels_stand_in_place_of_a_mapping() -> None:
    (found,) = parsed(route())
    assert found.labels.mapping == LabelMapping()
    assert found.labels.delay == 0


def test_labels_say_where_they_are() -> None:
    labels = {"id": "call", "columns": ["churned=label", "why"], "time": "at", "delay": 600}
    (found,) = parsed(route(labels))
    columns = (LabelColumn("churned", "label"), LabelColumn("why"))
    assert found.labels.mapping == LabelMapping("call", columns, "at")
    assert found.delay_seconds == 600


def test_a_route_with_labels_is_matched_by_bucket_and_prefix() -> None:
    (found,) = parsed(route(match={"bucket": "b", "prefix": "ground-truth/"}))
    assert not found.misses(CaptureFile("b", "ground-truth/2026/03/02/10/x.jsonl"))
    assert found.misses(CaptureFile("b", "captures/e/v/2026/03/02/10/x.jsonl"))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"delay": 901}, "labels.delay: must be at most 900"),
        ({"delay": -1}, "labels.delay: must be at least 0"),
        ({"colums": "x"}, "labels.colums: there is no such setting; did you mean columns?"),
        ({"columns": "x,y=a,x=b"}, "labels.columns: used twice: x"),
        ({"features": "rows"}, "labels.features: is only for openscale"),
        ([], "labels: must be a mapping"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(labels: object, said: str) -> None:
    assert said in problems(route(labels))


def test_an_empty_section_says_what_to_write() -> None:
    with pytest.raises(SettingsError) as raised:
        parse_routes("routes: [{labels: , publisher: {type: duckdb}}]", "routes.yaml")
    assert any("write `labels: {}`" in problem for problem in raised.value.problems)


@pytest.mark.parametrize("field", ["endpoint", "variant"])
def test_labels_cannot_be_matched_by_what_their_keys_do_not_name(field: str) -> None:
    (said,) = problems(route(match={field: "x"}))
    assert said == (
        f"match.{field}: files of labels name none; match them by bucket, prefix or key"
    )


def test_openscale_needs_the_input_columns() -> None:
    assert any(
        said.startswith("mapping.inputs: missing") for said in problems(route(publisher=OPENSCALE))
    )
    parsed(route(publisher=OPENSCALE, mapping={"inputs": "a,b"}))


def test_labels_in_duckdb_name_a_route_that_there_is() -> None:
    captures = {"name": "churn", "mapping": {"inputs": "a"}, "publisher": {"type": "duckdb"}}
    labels = route(publisher={"type": "duckdb"})
    (said,) = problems(captures, labels)
    assert said.startswith("labels.inferences: must be the name of the route")
    parsed(captures, route({"inferences": "churn"}, publisher={"type": "duckdb"}))


def test_a_check_says_that_waiting_needs_the_queue() -> None:
    (warning,) = check_routes(parsed(route({"delay": 60}))).warnings
    assert "FORWARDER_QUEUE_URL: l" in warning


def test_the_schema_for_editors_knows_labels() -> None:
    schema = routes_schema()
    labels = schema["$defs"]["LabelSettings"]["properties"]
    assert set(labels) == {"id", "columns", "time", "delay", "inferences", "features"}
    assert labels["delay"]["maximum"] == 900
    assert "labels" in schema["$defs"]["RouteSettings"]["properties"]


def test_one_variable_makes_the_environment_describe_labels() -> None:
    found = load({"FORWARDER_PUBLISHER": "duckdb", "FORWARDER_LABEL_COLUMNS": "churned=label"})
    assert found.route is not None
    assert found.route.name == "labels"
    assert found.route.labels is not None
    assert found.route.labels.mapping.columns == (LabelColumn("churned", "label"),)


def test_mistakes_in_variables_are_named_as_such() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"FORWARDER_PUBLISHER": "duckdb", "FORWARDER_LABEL_DELAY": "soon"})
    assert raised.value.problems == ("FORWARDER_LABEL_DELAY: must be a whole number",)
