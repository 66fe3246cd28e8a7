"""What the publisher of traces asks for, backend by backend, in variables and in a routes file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import load
from capture_forwarder.settings.otlp import OtlpSettings
from capture_forwarder.settings.routes_file import parse_routes

URL = "https://otel.example.com"
MLFLOW = "arn:aws:sagemaker:eu-west-1:123456789012:{}/chats"
APPLICATION = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
NEEDED: dict[str, dict[str, str]] = {
    "collector": {},
    "mlflow": {"experiment_id": "1"},
    "phoenix": {},
    "fiddler": {"application_id": APPLICATION, "token": "t"},
    "arthur": {"task_id": "task-1", "token": "t"},
}


def problems(publisher: dict[str, Any], mapping: dict[str, Any] | None = None) -> str:
    route = {"name": "chats", "publisher": {"type": "otlp", **publisher}}
    with pytest.raises(SettingsError) as raised:
        parse_routes(yaml.safe_dump({"routes": [route | {"mapping": mapping or {}}]}), "r.yaml")
    return "\n".join(raised.value.problems)


def publisher(**written: Any) -> OtlpSettings:
    route = {"name": "chats", "publisher": {"type": "otlp", **written}}
    (parsed,) = parse_routes(yaml.safe_dump({"routes": [route]}), "r.yaml")
    assert isinstance(parsed.publisher, OtlpSettings)
    assert parsed.columns.conversations
    return parsed.publisher


@pytest.mark.parametrize("backend", NEEDED)
def test_a_route_needs_no_mapping_and_what_its_backend_asks_for(backend: str) -> None:
    made = publisher(backend=backend, url=URL, **NEEDED[backend])

    assert made.address == URL


@pytest.mark.parametrize(
    ("backend", "missing"), [(name, key) for name, keys in NEEDED.items() for key in keys]
)
def test_what_a_backend_needs_is_missed_by_name(backend: str, missing: str) -> None:
    given = {key: value for key, value in NEEDED[backend].items() if key != missing}

    assert f"publisher.{missing}: missing" in problems({"backend": backend, "url": URL, **given})


@pytest.mark.parametrize(
    ("key", "value", "owner"),
    [
        ("experiment_id", "1", "mlflow"),
        ("project", "chats", "phoenix"),
        ("application_id", APPLICATION, "fiddler"),
        ("task_id", "task-1", "arthur"),
        ("mlflow_arn", MLFLOW.format("mlflow-app"), "mlflow"),
    ],
)
def test_what_is_only_for_another_backend_is_told(key: str, value: str, owner: str) -> None:
    assert f"publisher.{key}: is only for {owner}" in problems({"url": URL, key: value})


def test_an_address_is_needed_but_for_a_managed_mlflow() -> None:
    assert "publisher.url: missing" in problems({"backend": "phoenix"})


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("mlflow-app", "https://mlflow.sagemaker.eu-west-1.app.aws"),
        ("mlflow-tracking-server", "https://eu-west-1.experiments.sagemaker.aws"),
    ],
)
def test_a_managed_mlflow_is_found_by_its_arn(kind: str, address: str) -> None:
    made = publisher(backend="mlflow", experiment_id="1", mlflow_arn=MLFLOW.format(kind))

    assert made.address == address


def test_a_managed_mlflow_takes_no_token_since_requests_are_signed() -> None:
    arn = MLFLOW.format("mlflow-app")
    given = {"backend": "mlflow", "experiment_id": "1", "mlflow_arn": arn, "token": "t"}

    assert "publisher.mlflow_arn: is set beside a token" in problems(given)


@pytest.mark.parametrize("arn", ["arn:aws:s3:::bucket", MLFLOW.format("model"), "chats"])
def test_an_arn_of_something_else_is_refused_with_an_example(arn: str) -> None:
    given = {"backend": "mlflow", "experiment_id": "1", "mlflow_arn": arn}

    assert "mlflow-app/app-ABCDEF123456" in problems(given)


def test_a_token_may_be_left_out_or_given_once() -> None:
    publisher(url=URL)
    publisher(url=URL, token_parameter="/forwarder/token")  # noqa: S106 - it only names one
    said = problems({"url": URL, "token": "t", "token_secret_arn": "arn"})

    assert "set only one of them" in said


@pytest.mark.parametrize(
    "headers", [{"x-a": "1", "x-b": "2=3"}, ["x-a=1", "x-b=2=3"], "x-a=1, x-b: 2=3"]
)
def test_headers_are_a_mapping_a_list_or_a_text(headers: object) -> None:
    publisher(url=URL, headers=headers)


@pytest.mark.parametrize("headers", ["x-a", ["=1"], {"x-a": ""}, {"x a": "1"}, {"x-a": "é"}, 3])
def test_a_header_that_is_none_is_refused(headers: object) -> None:
    assert "publisher.headers" in problems({"url": URL, "headers": headers})


def test_a_header_is_no_place_for_the_token() -> None:
    said = problems({"url": URL, "headers": {"authorization": "Bearer s3cret"}})

    assert "publisher.headers: must not have authorization" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "mapping",
    [
        {"inputs": "age"},
        {"outputs": ["score"]},
        {"timestamp": "at"},
        {"event_id": "id"},
        {"csv_header": "present"},
        {"types": {"age": "int"}},
    ],
)
def test_columns_belong_to_another_publisher(mapping: dict[str, Any]) -> None:
    said = problems({"url": URL}, mapping)

    assert f"mapping.{next(iter(mapping))}" in said
    assert "another publisher" in said


def test_paths_metadata_and_the_choice_of_shadow_calls_are_taken() -> None:
    route = {
        "mapping": {"input_path": "a", "output_path": "b", "metadata": "e=endpoint"},
        "publisher": {"type": "otlp", "url": URL},
    }
    (parsed,) = parse_routes(yaml.safe_dump({"routes": [route]}), "r.yaml")

    assert parsed.columns.input_path == "a"
    assert parsed.columns.names[-1] == "e"


def test_variables_say_the_same() -> None:
    settings = load({"OTLP_URL": URL, "OTLP_HEADERS": "x-a=1", "OTLP_BACKEND": "phoenix"})

    assert settings.route is not None
    assert isinstance(settings.route.publisher, OtlpSettings)
    assert settings.route.publisher.backend == "phoenix"


def test_an_unencrypted_address_has_to_be_allowed() -> None:
    assert "unencrypted" in problems({"url": "http://otel.example.com"})
    publisher(url="http://otel.example.com", plain_http=True)


def test_of_all_backends_mlflow_and_phoenix_take_labels() -> None:
    route: dict[str, Any] = {"labels": {}, "publisher": {"type": "otlp", "url": URL}}
    with pytest.raises(SettingsError, match="only mlflow and phoenix take labels"):
        parse_routes(yaml.safe_dump({"routes": [route]}), "r.yaml")

    for taking in ({"backend": "mlflow", "experiment_id": "1"}, {"backend": "phoenix"}):
        publisher = {**route["publisher"], **taking}
        parse_routes(yaml.safe_dump({"routes": [{**route, "publisher": publisher}]}), "r.yaml")
