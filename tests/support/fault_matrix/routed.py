"""An account with several platforms, and a routes file in S3 that leads to them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.settings.variables import BY_PUBLISHER
from tests.support.fault_matrix.account import Account, check_adds_up
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.fault_matrix.capture_file import ROWS, CaptureFile
from tests.support.fault_matrix.door import Door
from tests.support.fault_matrix.world import take_few_rows
from tests.support.platforms.server import Request
from tests.support.publishers_under_test.base import OverHttp
from tests.support.publishers_under_test.registry import OVER_HTTP

SETTINGS = "settings-bucket"
MAPPING = {"inputs": "x", "outputs": ["score"]}
REFRESH_SECONDS = 300

Route = dict[str, Any]
"""A route as it stands in the file."""


class Routed(Account):
    """An account whose files go to several platforms, each behind a door.

    Parameters
    ----------
    monkeypatch, capsys, files
        See `Account`.
    folder
        Where local files may lie.
    platforms
        Which run; there is a route to each, by its name, for every file.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files: Sequence[CaptureFile],
        folder: Path,
        *platforms: str,
    ) -> None:
        super().__init__(monkeypatch, capsys, files, AwsFaults())
        self.platforms: Mapping[str, OverHttp] = {
            name: OVER_HTTP[name](folder, self.aws) for name in platforms
        }
        self.doors: dict[str, Door] = {}

    def start(self) -> dict[str, str]:
        self.s3.create_bucket(Bucket=SETTINGS)
        take_few_rows(self._monkeypatch, ROWS)
        publishers = {}
        for name, platform in self.platforms.items():
            platform.__enter__()
            door = self.doors[name] = Door(int(platform.server.url.rpartition(":")[2]))
            publishers[name] = _section(platform, platform.variables(door.url))
        self.routes: list[Route] = [
            {"name": name, "continue": True, "mapping": MAPPING, "publisher": publishers[name]}
            for name in self.platforms
        ]
        self.write_routes()
        return {
            "FORWARDER_ROUTES": f"s3://{SETTINGS}/routes.yaml",
            "FORWARDER_ROUTES_REFRESH_SECONDS": str(REFRESH_SECONDS),
        }

    def stop(self) -> None:
        for name, platform in self.platforms.items():
            self.doors[name].close()
            platform.__exit__(None, None, None)

    def write_routes(self, text: str = "") -> None:
        """Put the routes, or another text, where the function reads them."""
        body = text or json.dumps({"routes": self.routes})
        self.s3.put_object(Bucket=SETTINGS, Key="routes.yaml", Body=body.encode())

    def stored(self, route: str) -> Counter[str]:
        """How often a route's platform has stored each inference."""
        return Counter(self.platforms[route].server.published_ids)

    def requests(self, route: str) -> list[Request]:
        """Every request, of whatever kind, that a route's platform was sent."""
        return list(self.platforms[route].server.requests)

    def check_complete(self, file: CaptureFile) -> None:
        for route in self.platforms:
            self.check_route(route, file)

    def check_route(self, route: str, file: CaptureFile) -> None:
        """Everything of a file is on a route's platform, or in quarantine for this route."""
        entries = [
            entry
            for entry in self.quarantined
            if entry["key"] == file.key and entry["route"] == route
        ]
        refused = [entry["inference_id"] for entry in entries if entry["inference_id"]]
        lines = [entry["line_number"] for entry in entries if not entry["inference_id"]]
        assert sorted(lines) == file.bad_lines
        assert len(refused) == len(set(refused))
        assert set(self.stored(route)) | set(refused) >= set(file.ids)
        assert not set(self.stored(route)) & set(refused)

    def check_accounting(self) -> None:
        """What was told of each file on each route adds up, and nothing was told of others."""
        for route, platform in self.platforms.items():
            told = [summary for summary in self.summaries if summary["route"] == route]
            metrics = self.metrics_of[route, platform.name.value]
            check_adds_up(told, metrics, self.files.values())
        known = {(route, platform.name.value) for route, platform in self.platforms.items()}
        assert self.metrics_of.keys() == known


def _section(platform: OverHttp, variables: Mapping[str, str]) -> dict[str, str]:
    """Write a platform's variables as a route's publisher."""
    fields = BY_PUBLISHER[platform.name]
    settings = {fields[name]: value for name, value in variables.items() if name in fields}
    return {"type": platform.name.value, **settings}
