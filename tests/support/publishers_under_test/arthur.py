"""Arthur under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.arthur import MODEL_ID, TOKEN, ArthurServer
from tests.support.platforms.arthur_capture import Cells
from tests.support.platforms.faults import CUT_JSON, GARBAGE_JSON, Answer
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import Cause, OverHttp, answers


class Arthur(OverHttp):
    """An Arthur Scope with one model, which reads captured lines by the order of their values."""

    name = PublisherName.ARTHUR
    secret = "ARTHUR_ACCESS_TOKEN"  # noqa: S105 - the variable's name
    says = "invalid inference"
    server: ArthurServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(
            other_JSON=GARBAGE_JSON,
            half_a_JSON=CUT_JSON,
            fewer_than_were_sent=Answer(
                b'{"counts":{"success":0,"failure":0,"total":0},"failures":[]}', status=207
            ),
            nothing_at_all=Answer(b"", status=204),
        ),
    }

    def __init__(self, folder: Path, aws: AwsFaults) -> None:
        super().__init__(folder, aws)
        self.server = self.make_server()

    def make_server(self) -> ArthurServer:
        """The platform."""
        return ArthurServer()

    def own_variables(self, url: str) -> dict[str, str]:
        return {"ARTHUR_HOST": f"{url or self.server.url}/", "ARTHUR_MODEL_ID": MODEL_ID}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        with self.server.lock:
            return [
                (one.partner_id, _named(one.inputs, "x", "plan") | _named(one.outputs, "score"))
                for one in self.server.stored
            ]

    @property
    def credential(self) -> str:
        return self.server.token

    def expire(self) -> None:
        self.server.token = f"{TOKEN}-{len(self.server.requests)}"


def _named(cells: Cells, *names: str) -> Row:
    """Name values in order, as many as there are, and read numbers out of the text of CSV."""
    if isinstance(cells, dict):
        return cells
    return {name: _value(cell) for name, cell in zip(names, cells, strict=False)}


def _value(cell: Any) -> Any:
    try:
        return json.loads(cell) if isinstance(cell, str) else cell
    except ValueError:
        return cell
