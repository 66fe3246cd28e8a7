"""A value that cannot be used is explained in a person's words, never in those of a library."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import PublisherName, load
from capture_forwarder.settings.publishers import PUBLISHERS
from capture_forwarder.settings.routes_file import parse_routes
from capture_forwarder.settings.variables import SHARED

DUCKDB = {"FORWARDER_PUBLISHER": "duckdb", "FORWARDER_INPUT_COLUMNS": "age"}
# How pydantic begins or ends its sentences.
PYDANTIC = re.compile(
    r"\bInput\b|String should|Value error|should (be|have|match)|unable to|Field required"
    r"|cannot be used;"  # what is said of a mistake that nobody foresaw
)
STRANGE: list[Any] = [True, 5, -1.5, ["a"], {"a": "b"}, "\N{SNOWMAN} *", "no such word", [], {}]


def told(environment: dict[str, str]) -> str:
    """The one sentence about the environment, without the variable that it is about."""
    with pytest.raises(SettingsError) as raised:
        load(DUCKDB | environment)
    (problem,) = raised.value.problems
    name, _, sentence = problem.partition(": ")
    assert [name] == list(environment)
    return sentence


def told_of_file(route: dict[str, Any]) -> tuple[str, ...]:
    try:
        parse_routes(json.dumps({"routes": [route]}), "routes.yaml")
    except SettingsError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("FORWARDER_CSV_HEADER", "yes", "must be absent or present"),
        ("FORWARDER_REQUESTS_IN_FLIGHT", "many", "must be a whole number"),
        ("FORWARDER_REQUESTS_IN_FLIGHT", "2.5", "must be a whole number"),
        ("FORWARDER_REQUESTS_IN_FLIGHT", "0", "must be at least 1"),
        ("FORWARDER_REQUESTS_IN_FLIGHT", "65", "must be at most 64"),
        ("FORWARDER_RETRY_SECONDS", "a while", "must be a number"),
        ("FORWARDER_REQUEST_TIMEOUT_SECONDS", "0", "must be more than 0"),
        ("FORWARDER_MAX_LINE_BYTES", "9" * 5000, "must be a smaller number"),
    ],
)
def test_a_variable_says_what_it_takes(variable: str, value: str, sentence: str) -> None:
    assert told({variable: value}) == sentence


def test_a_setting_with_few_values_names_them() -> None:
    route = {
        "mapping": {"inputs": ["age"], "outputs": ["score"]},
        "publisher": {"type": "openscale", "api": "v3", "auth": "basic", "confirm": "maybe"},
    }

    problems = told_of_file(route)

    assert "routes.yaml, line 1: routes[0].publisher.api: must be v2 or v1" in problems
    assert (
        "routes.yaml, line 1: routes[0].publisher.auth: must be iam, cloud-pak or mcsp" in problems
    )
    assert "routes.yaml, line 1: routes[0].publisher.confirm: must be true or false" in problems


def test_a_name_that_cannot_be_used_is_told_what_it_must_match() -> None:
    (problem,) = told_of_file(
        {"name": "two words", "mapping": {"inputs": ["a"]}, "publisher": {"type": "duckdb"}}
    )

    assert problem.startswith("routes.yaml, line 1: routes[0].name: must match ^[A-Za-z0-9]")


@pytest.mark.parametrize("publisher", PublisherName)
@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_no_setting_of_a_publisher_speaks_as_a_library(
    publisher: PublisherName, value: Any
) -> None:
    fields = [name for name in PUBLISHERS[publisher].model_fields if name != "type"]

    problems = told_of_file(
        {
            "mapping": {"inputs": ["age"], "outputs": ["score"]},
            "publisher": {"type": publisher.value} | dict.fromkeys(fields, value),
        }
    )

    assert [problem for problem in problems if PYDANTIC.search(problem)] == []


@pytest.mark.parametrize("section", ["match", "mapping"])
@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_no_setting_of_a_route_speaks_as_a_library(section: str, value: Any) -> None:
    names = {
        "match": ["bucket", "prefix", "key", "endpoint", "variant", "other"],
        "mapping": ["inputs", "outputs", "timestamp", "metadata", "input_path", "csv_header"],
    }
    route = {"name": value, "continue": value, "publisher": {"type": "duckdb"}}

    problems = told_of_file(
        {"mapping": {"inputs": "a"}, **route, section: dict.fromkeys(names[section], value)}
    )

    assert problems
    assert [problem for problem in problems if PYDANTIC.search(problem)] == []


@pytest.mark.parametrize("variable", SHARED)
@pytest.mark.parametrize("value", ["-1", "nan", "word", "ftp://x", "1e999", "9" * 5000])
def test_no_variable_speaks_as_a_library(variable: str, value: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        load(DUCKDB | {variable: value})
    except SettingsError as error:
        problems = error.problems

    assert [problem for problem in problems if PYDANTIC.search(problem)] == []


# --- the ledger's address --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "ledger"),
    [
        ("dynamodb://my-table", "dynamodb://my-table"),
        ("dynamodb://my-table/", "dynamodb://my-table"),
        (
            "dynamodb://arn:aws:dynamodb:eu-west-1:123456789012:table/my-table",
            "dynamodb://arn:aws:dynamodb:eu-west-1:123456789012:table/my-table",
        ),
        ("folder/ledger.sqlite", "folder/ledger.sqlite"),
    ],
)
def test_a_ledger_is_a_table_or_a_file(written: str, ledger: str) -> None:
    assert load(DUCKDB | {"FORWARDER_LEDGER": written}).ledger == ledger


@pytest.mark.parametrize("name", ["", "/", "a", "table/more", "my table", "x" * 256])
def test_a_name_that_no_table_can_have_is_refused(name: str) -> None:
    assert told({"FORWARDER_LEDGER": f"dynamodb://{name}"}).startswith("needs a table's name")
