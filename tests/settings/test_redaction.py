"""How redaction is written, and what is wrong with what cannot be done."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.redaction import parse_redaction
from capture_forwarder.settings import load
from capture_forwarder.settings.routes_file import parse_routes
from capture_forwarder.wiring.labels import mapping_of

ROUTE: dict[str, Any] = {
    "mapping": {"inputs": "customer,notes", "outputs": "score"},
    "publisher": {"type": "duckdb"},
}
VARIABLES = {
    "FORWARDER_PUBLISHER": "duckdb",
    "FORWARDER_INPUT_COLUMNS": "customer,notes",
    "FORWARDER_OUTPUT_COLUMNS": "score",
}


def rules(redact: object, **publisher: str) -> object:
    mapping = {"redact": redact} if publisher else {**ROUTE["mapping"], "redact": redact}
    route = {"mapping": mapping, "publisher": publisher or ROUTE["publisher"]}
    (parsed,) = parse_routes(yaml.safe_dump({"routes": [route]}), "r.yaml")
    return parsed.columns.redact


@pytest.mark.parametrize(
    "written",
    [
        {"customer": "hash", "notes": ["email", "phone"]},
        {"customer": "hash", "notes": "email+phone"},
        ["customer=hash", "notes=email+phone"],
        "customer=hash, notes=email+phone",
    ],
)
def test_redaction_is_a_mapping_a_list_or_a_text(written: object) -> None:
    assert rules(written) == parse_redaction(["customer=hash", "notes=email+phone"])


def test_a_variable_says_the_same() -> None:
    settings = load({**VARIABLES, "FORWARDER_REDACT": "notes=patterns"})

    assert settings.route is not None
    assert settings.route.columns.redact == parse_redaction(["notes=patterns"])


def test_columns_of_conversations_can_be_redacted() -> None:
    assert rules({"parameters.user": "drop"}, type="otlp", url="https://otel.example")


@pytest.mark.parametrize("redact", [{"nobody": "drop"}, {"custom": "drop"}, {"[]": "drop"}])
def test_a_column_that_is_not_there_is_named(redact: object) -> None:
    with pytest.raises(SettingsError, match=r"mapping\.redact: no column has the name"):
        rules(redact)


@pytest.mark.parametrize("redact", [{"notes": "remove"}, {"notes": 3}, {"notes": []}, 3, ["x"]])
def test_an_action_that_is_none_is_told(redact: object) -> None:
    with pytest.raises(SettingsError, match=r"mapping\.redact"):
        rules(redact)


def test_hashes_need_a_key_that_is_a_secret() -> None:
    settings = load({**VARIABLES, "FORWARDER_REDACT": "customer=hash"})
    assert settings.route is not None

    with pytest.raises(SettingsError, match="FORWARDER_REDACT_KEY: missing"):
        mapping_of(settings.route, settings)


def test_the_key_is_read_when_it_is_needed() -> None:
    variables = {**VARIABLES, "FORWARDER_REDACT": "customer=hash", "FORWARDER_REDACT_KEY": "k"}
    settings = load(variables)
    assert settings.route is not None

    mapping = mapping_of(settings.route, settings)

    assert mapping.redact_key is not None  # type: ignore[union-attr]
    assert mapping.redact_key.value() == "k"  # type: ignore[union-attr]
    assert "'k'" not in repr(settings)


def test_the_key_is_given_once() -> None:
    keys = {"FORWARDER_REDACT_KEY": "k", "FORWARDER_REDACT_KEY_PARAMETER": "/key"}

    with pytest.raises(SettingsError, match="set only one of them"):
        load({**VARIABLES, **keys})
