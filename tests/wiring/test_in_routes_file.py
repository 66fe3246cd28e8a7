"""Whoever writes a routes file is advised by its keys; whoever sets variables, by those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Publisher
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.settings import load
from capture_forwarder.settings.variables import ROUTE, in_routes_file
from capture_forwarder.wiring.publishers import build_publisher
from capture_forwarder.wiring.routes import routes_of
from tests.support.platforms.arthur import MODEL_ID as ARTHUR_MODEL
from tests.support.platforms.arthur import ArthurServer
from tests.support.platforms.fiddler import MODEL_ID, FiddlerServer
from tests.support.platforms.fiddler_model import Model
from tests.support.rows import inference_of

MODEL = Model.of(inputs={"age": "int"}, outputs={"score": "float"})
BATCH = Batch.of([inference_of("x", {"age": 1, "score": 0.5})])


def from_file(folder: Path, publisher: dict[str, Any], **route: Any) -> Publisher:
    file = folder / "routes.yaml"
    mapping = {"inputs": "age", "outputs": "score"}
    file.write_text(
        yaml.safe_dump({"routes": [{"mapping": mapping, "publisher": publisher} | route]})
    )
    settings = load({"FORWARDER_ROUTES": str(file)})
    (found,) = routes_of(settings)
    return build_publisher(found, settings, SystemClock())


def advice_of(publisher: Publisher) -> str:
    with pytest.raises(ForwarderError) as raised:
        publisher.publish(BATCH)
    assert str(raised.value) == f"{raised.value.message} {raised.value.advice}"
    return raised.value.advice


@pytest.mark.parametrize(("route", "name"), [({"name": "churn"}, "churn"), ({}, "captures")])
def test_advice_for_a_routes_file_names_its_keys_and_the_route(
    tmp_path: Path, route: dict[str, str], name: str
) -> None:
    with FiddlerServer(MODEL) as server:
        told = {"type": "fiddler", "url": server.url, "model_uuid": MODEL_ID, "token": "wrong"}
        advice = advice_of(from_file(tmp_path, told, **route))

    assert "into publisher.token, or into what publisher.token_secret_arn" in advice
    assert advice.endswith(f"These settings are in the routes file, in route {name}.")
    assert "FIDDLER_" not in advice


def test_so_does_the_advice_for_other_platforms(tmp_path: Path) -> None:
    with ArthurServer() as server:
        told = {"type": "arthur", "host": server.url, "model_id": ARTHUR_MODEL}
        advice = advice_of(from_file(tmp_path, told | {"access_token": "wrong"}, name="churn"))

    assert "publisher.access_token" in advice
    assert "route churn" in advice
    assert "ARTHUR_" not in advice


def test_the_schema_is_asked_for_in_the_same_words(tmp_path: Path) -> None:
    with FiddlerServer(MODEL) as server:
        told = {"type": "fiddler", "url": server.url, "model_uuid": MODEL_ID, "token": "wrong"}
        publisher = from_file(tmp_path, told, name="churn")
        with pytest.raises(ForwarderError, match=r"publisher\.token.*in route churn"):
            publisher.schema()


def test_advice_for_variables_names_variables() -> None:
    with FiddlerServer(MODEL) as server:
        settings = load(
            {
                "FIDDLER_URL": server.url,
                "FIDDLER_MODEL_UUID": MODEL_ID,
                "FIDDLER_TOKEN": "wrong",
                "FORWARDER_INPUT_COLUMNS": "age",
                "FORWARDER_OUTPUT_COLUMNS": "score",
            }
        )
        assert settings.route is not None
        advice = advice_of(build_publisher(settings.route, settings, SystemClock()))

    assert "FIDDLER_TOKEN" in advice
    assert "routes file" not in advice


def test_every_variable_of_a_route_has_a_key() -> None:
    for variable, place in ROUTE.items():
        text = in_routes_file(f"Look at {variable}.", "churn")
        assert text.startswith(f"Look at {'.'.join(map(str, place))}. ")


def test_advice_without_settings_stays_as_it_is() -> None:
    assert in_routes_file("It is tried again.", "churn") == "It is tried again."
    assert in_routes_file("Set FORWARDER_QUARANTINE.", "churn") == "Set FORWARDER_QUARANTINE."
