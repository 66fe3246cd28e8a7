"""An account with one platform: what the fault matrix is played in."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import pytest

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.core.schema import Schema
from capture_forwarder.settings import RouteSettings, Settings
from capture_forwarder.wiring import forwarder as wiring
from capture_forwarder.wiring.publishers import build_publisher
from tests.support.fault_matrix.account import Account, check_adds_up
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.fault_matrix.capture_file import ROWS, CaptureFile
from tests.support.fault_matrix.door import Door
from tests.support.platforms.platform_server import PlatformServer
from tests.support.platforms.server import Request, Row
from tests.support.publishers_under_test.base import OverHttp, PublisherUnderTest
from tests.support.publishers_under_test.fiddler import Fiddler

MAPPING = {"FORWARDER_INPUT_COLUMNS": "x", "FORWARDER_OUTPUT_COLUMNS": "score"}
LABELS = {
    "FORWARDER_INPUT_COLUMNS": "plan",
    "FORWARDER_OUTPUT_COLUMNS": "score",
    "FORWARDER_LABEL_COLUMNS": "x",
}
"""Those of files with labels; see `label_file.LabelFile`."""


Make = Callable[..., "World"]
"""Makes a world with files in it."""


class World(Account):
    """An account, a platform, the function's settings and a queue that redelivers.

    Parameters
    ----------
    monkeypatch, capsys, files
        See `Account`.
    folder
        Where local files may lie.
    variables
        Settings that differ from the usual ones.
    publisher
        What rows go to.
    behind_a_door
        Whether connections to the platform can be refused.
    rows
        How many the publisher takes at once.
    """

    def __init__(  # noqa: PLR0913
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files: Sequence[CaptureFile],
        folder: Path,
        *,
        variables: dict[str, str] | None = None,
        publisher: type[PublisherUnderTest] = Fiddler,
        behind_a_door: bool = False,
        rows: int = ROWS,
    ) -> None:
        if publisher.conversations:
            files = [dataclasses.replace(file, conversations=True) for file in files]
        super().__init__(monkeypatch, capsys, files, AwsFaults())
        self.platform = publisher(folder, self.aws)
        self._variables = variables or {}
        self._behind_a_door = behind_a_door
        self._rows = rows

    @property
    def server(self) -> PlatformServer:
        """The loopback server."""
        assert isinstance(self.platform, OverHttp)
        return self.platform.server

    def start(self) -> dict[str, str]:
        self.platform.__enter__()
        take_few_rows(self._monkeypatch, self._rows)
        url = ""
        if self._behind_a_door:
            self.door = Door(int(self.server.url.rpartition(":")[2]))
            url = self.door.url
        mapping = LABELS if self.platform.labels else MAPPING
        if self.platform.conversations:
            mapping = {name: text for name, text in mapping.items() if "LABEL" in name}
        return {**self.platform.variables(url), **mapping, **self._variables}

    def stop(self) -> None:
        if self._behind_a_door:
            self.door.close()
        self.platform.__exit__(None, None, None)

    def rotate_secret(self) -> None:
        """Let the secret expire, and put a new one where the function finds it."""
        self.platform.expire()
        self.platform.renew()

    def batch_of(self, file: CaptureFile, request: Request) -> int | None:
        """Which batch of a file a publish request is, or is a part of."""
        return file.batch_of(self.server.ids_in(request)) if request.publish_number else None

    @property
    def stored(self) -> Counter[str]:
        """How often each inference was stored by the platform."""
        if isinstance(self.platform, OverHttp):
            return Counter(self.platform.server.published_ids)
        return Counter(name for name, _ in self.platform.stored)

    def twice(self, file: CaptureFile) -> set[int]:
        """The batches of a file of which something is stored more than once."""
        stored = self.stored
        return {file.position[n] // ROWS for n in stored if stored[n] > 1 and n in file.position}

    def check_complete(self, file: CaptureFile) -> None:
        """Every inference is stored or in quarantine, every bad line in quarantine, each once."""
        entries = [entry for entry in self.quarantined if entry["key"] == file.key]
        refused = [entry["inference_id"] for entry in entries if entry["inference_id"]]
        bad = [entry["line_number"] for entry in entries if not entry["inference_id"]]
        stored = self.stored
        assert len(refused) == len(set(refused))
        assert {n for n in stored if n in file.position} | set(refused) == set(file.ids)
        assert not set(refused) & set(stored)
        assert sorted(bad) == file.bad_lines, f"{sorted(bad)} in quarantine, not {file.bad_lines}"

    def check_accounting(self) -> None:
        """What was told of each file adds up, and so do the metrics."""
        for name, rows in _rows(self.platform.stored).items():
            assert len(rows) == 1, f"{name} came back as another row"
        check_adds_up(self.summaries, self.metrics, self.files.values())


class Smaller:
    """A publisher that takes fewer rows at once, so that small files make several batches."""

    def __init__(self, publisher: Publisher, rows: int) -> None:
        self._publisher = publisher
        self._rows = rows

    @property
    def limits(self) -> BatchLimits:
        limits = self._publisher.limits
        return msgspec.structs.replace(limits, rows=min(self._rows, limits.rows))

    @property
    def takes_json(self) -> bool:
        return self._publisher.takes_json

    def schema(self) -> Schema:
        return self._publisher.schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        return self._publisher.publish(batch, deadline)


def take_few_rows(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Have all publishers that the function makes take few rows at once."""

    def build(route: RouteSettings, settings: Settings, clock: Clock) -> Publisher:
        return Smaller(build_publisher(route, settings, clock), rows)

    monkeypatch.setattr(wiring, "build_publisher", build)


def _rows(stored: Iterable[tuple[str, Row]]) -> dict[str, set[str]]:
    rows: dict[str, set[str]] = {}
    for name, row in stored:
        rows.setdefault(name, set()).add(json.dumps(row, sort_keys=True, default=str))
    return rows
