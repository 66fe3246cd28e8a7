"""What the tests of the whole share: one build for all processes, a runtime and an AWS for each."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tests.support.made_once import made_once
from tests.support.package import ARCHITECTURE, PYTHON_VERSION, lay_out_runtime, sam_build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the slow kinds, and begin with the slowest, so that no process is left alone with it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("system")
        if {"package", "monitor_package"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("package")
    items.sort(key=lambda item: item.get_closest_marker("package") is None)


def built(factory: pytest.TempPathFactory, function: str) -> Path:
    """The package of a function, built for this machine's processor and this Python."""
    return made_once(
        factory,
        function.rpartition("/")[2],
        lambda folder: sam_build(
            folder,
            runtime=f"python{PYTHON_VERSION}",
            architecture=ARCHITECTURE,
            function=function,
        ),
    )


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the forwarder."""
    return built(tmp_path_factory, "ForwarderFunction")


@pytest.fixture(scope="session")
def monitor_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the monitor's function."""
    return built(tmp_path_factory, "Monitor/MonitorFunction")


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of Lambda's own runtime a function is started with, and nothing else."""
    return lay_out_runtime(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="session")
def aws_server() -> Iterator[tuple[str, int]]:
    """Where an emulated AWS listens on the loopback interface."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def aws(aws_server: tuple[str, int]) -> str:
    """The address of an emulated AWS that is still empty."""
    host, port = aws_server
    connection = HTTPConnection(host, port)
    connection.request("POST", "/moto-api/reset")
    status = connection.getresponse().status
    connection.close()
    assert status == 200
    return f"http://{host}:{port}"
