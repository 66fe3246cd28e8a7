"""What tests of the whole function share."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from moto import mock_aws

from tests.functional.fault_matrix.aws import AwsFaults
from tests.functional.fault_matrix.capture_file import ROWS, CaptureFile
from tests.functional.fault_matrix.door import Door
from tests.functional.fault_matrix.world import Make, World
from tests.functional.publishers_under_test.base import OverHttp
from tests.functional.publishers_under_test.bench import Bench, Put, check_is_private
from tests.functional.publishers_under_test.registry import PUBLISHERS
from tests.platforms.certificate import write_certificate


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
