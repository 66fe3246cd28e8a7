"""What a function without a route for traces does not import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.house import SRC

# In a process of its own, where nothing of it can have been imported yet.
BUILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.settings import load
from capture_forwarder.wiring.publishers import build_publisher
settings = load(json.loads(sys.argv[2]))
build_publisher(settings.route, settings, SystemClock())
print(json.dumps(sorted(sys.modules)))
"""
OF_OTLP = {"capture_forwarder.publishers.otlp"}
COLUMNS = {"FORWARDER_INPUT_COLUMNS": "x", "FORWARDER_OUTPUT_COLUMNS": "score"}
ROUTES = {
    "files": {"FORWARDER_FILES": "rows", **COLUMNS},
    "fiddler": {
        "FIDDLER_URL": "https://fiddler.example",
        "FIDDLER_TOKEN": "t",
        "FIDDLER_MODEL_UUID": "0" * 32,
        **COLUMNS,
    },
    "otlp": {"OTLP_URL": "https://otel.example"},
}


def imported(publisher: str) -> set[str]:
    variables = {"FORWARDER_PUBLISHER": publisher, **ROUTES[publisher]}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(SRC), json.dumps(variables)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("publisher", ["files", "fiddler"])
def test_other_routes_import_nothing_of_opentelemetry(publisher: str) -> None:
    assert not imported(publisher) & OF_OTLP


def test_a_route_for_traces_does_without_a_library_of_protobuf() -> None:
    modules = imported("otlp")

    assert modules >= OF_OTLP
    assert not modules & {"opentelemetry", "google.protobuf"}
