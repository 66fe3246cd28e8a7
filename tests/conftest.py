"""What all tests share: an AWS account that does not exist, and platforms to publish to."""

from __future__ import annotations

import gc
import logging
import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest import runner
from hypothesis import settings
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler

from tests.support import quick_clients, quick_dynamodb, quick_moto
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.fault_matrix.capture_file import ROWS, CaptureFile
from tests.support.fault_matrix.door import Door
from tests.support.fault_matrix.world import Make, World
from tests.support.platforms.certificate import write_certificate
from tests.support.publishers_under_test.base import OverHttp
from tests.support.publishers_under_test.bench import Bench, Put, check_is_private
from tests.support.publishers_under_test.registry import PUBLISHERS
from tests.support.roomy_stack import with_room

settings.register_profile("forwarder", deadline=None)
settings.load_profile("forwarder")

_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # The developer's own profiles must play no part.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_OWN = (
    *("AWS_PROFILE", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
    # Each new client reads the whole of such a file, which takes longer than most tests.
    *("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
)


def pytest_configure() -> None:
    """Leave the width of tables to the tests: Rich keeps for good what it finds when imported."""
    for name in ("COLUMNS", "LINES"):  # pytest-xdist sets them, and some shells export them
        os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test as pytest does, with room on the stack."""
    return with_room(lambda: runner.pytest_runtest_protocol(item, nextitem))


@pytest.fixture(autouse=True, scope="session")
def one_update_at_a_time() -> Iterator[None]:
    """As DynamoDB, other than moto, does with an item: a condition and its write are one step."""
    lock = threading.Lock()
    update = DynamoHandler.update_item

    def locked(handler: DynamoHandler) -> ActionResult:
        with lock:
            return update(handler)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoHandler, "update_item", locked)
        yield


@pytest.fixture(autouse=True, scope="session")
def nothing_is_kept_for_good() -> Iterator[None]:
    """Let all that a test makes be freed: the function, at its start, keeps all that exists."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def quick_account() -> Iterator[None]:
    """Have AWS's clients and moto do once what is the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        quick_clients.make_quick(patch)
        quick_moto.make_quick(patch)
        quick_dynamodb.make_quick(patch)
        yield


@pytest.fixture(autouse=True)
def nobodys_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, so that a test can never reach a real account."""
    for name in _OWN:
        monkeypatch.delenv(name, raising=False)
    for name, value in _AWS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Make]:
    """Makes an account with files in it, a platform and the settings that join them."""
    # Makes the waiting between tries repeatable, as far as threads allow.
    seed = random.SystemRandom().randrange(2**32)
    random.seed(seed)
    print(f"seed {seed}")  # noqa: T201
    with ExitStack() as stack:

        def make(
            *files: CaptureFile,
            publisher: str = "fiddler",
            door: bool = False,
            rows: int = ROWS,
            **variables: str,
        ) -> World:
            made = World(
                monkeypatch,
                capsys,
                files,
                tmp_path,
                variables=variables,
                publisher=PUBLISHERS[publisher],
                behind_a_door=door,
                rows=rows,
            )
            return stack.enter_context(made)

        yield make


@pytest.fixture
def put(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Put]:
    """Puts a publisher to the test; at the end, looks at all that was logged meanwhile."""
    caplog.set_level(logging.INFO)
    for own in ("capture_forwarder", "capture-forwarder"):
        caplog.set_level(logging.DEBUG, logger=own)
    aws = AwsFaults()
    with mock_aws(), ExitStack() as stack:
        aws.watch(monkeypatch)

        def make(name: str, *, door: bool = False, **variables: str) -> Bench:
            platform = stack.enter_context(PUBLISHERS[name](tmp_path, aws))
            if not door:
                return Bench(platform, **variables)
            assert isinstance(platform, OverHttp)
            shut = Door(int(platform.server.url.rpartition(":")[2]))
            shut.close()
            return Bench(platform, shut.url, **variables)

        yield make
    for record in caplog.get_records("call"):
        check_is_private(caplog.handler.format(record))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Give a self-signed certificate for 127.0.0.1, with its key."""
    return write_certificate(tmp_path)
