"""Watson OpenScale's APIs, as far as feedback logging uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .openscale import DataSet, OpenScaleServer
from .platform_server import RefusedError, read_json
from .server import Reply, Request, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .server import Json

FEEDBACK_ID = "5f3e9a71-0c2d-4b86-a1f4-7d9c0b3e2a68"
_FEEDBACK = re.compile(r"/v1/data_marts/([^/]+)/feedback_payloads")


class OpenScaleLabelServer(OpenScaleServer):
    """OpenScale whose publish requests bring feedback. It has no id of its own.

    A test finds what was sent by a column that holds the id.

    Attributes
    ----------
    feedback
        What was stored, in order; nothing is ever replaced.
    id_column, before_id
        The column that holds the id, behind some text.
    feedback_fields
        The columns of the feedback data set: name → (type, role).
    """

    def __init__(self, id_column: str = "plan", before_id: str = "") -> None:
        super().__init__()
        self.feedback: list[Row] = []
        self.id_column = id_column
        self.before_id = before_id
        self.feedback_fields: Mapping[str, tuple[object, str]] = {}

    @property
    def published_ids(self) -> list[str]:
        """The ids that stand in the records that were stored."""
        with self.lock:
            return [self._name(row) for row in self.feedback]

    def ids_in(self, request: Request) -> list[str]:
        """Return the ids that stand in a request's records."""
        try:
            return [self._name(row) for row in _rows(request.json)]
        except (ValueError, TypeError, LookupError, RefusedError):
            return []

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request brings feedback."""
        return super().publishes(method, path) or (
            method == "POST" and bool(_FEEDBACK.fullmatch(path))
        )

    def _written(self, request: Request) -> Reply | None:
        if match := _FEEDBACK.fullmatch(request.path):
            self._check_known(match[1], self.account.data_mart_id)
            document = read_json(request)
            for name in ("binding_id", "subscription_id"):
                if document.pop(name, None) != getattr(self.account, name):
                    raise RefusedError(404, f"{name} is not known")
            self._add([document], request)
            return Reply(self.v1_status, b"" if self.v1_status == 204 else b"{}")
        return super()._written(request)

    def _add_records(self, request: Request) -> Reply:
        document = read_json(request)
        if document == []:
            raise RefusedError(400, "The body is not a list of records")
        failure = None
        if self._later is not None and any(map(self._later[0], self.ids_in(request))):
            failure = self._later[1]
        if failure is None:
            self._add(document, request)
        else:
            self.check_size(request)
        return self.accepted(request, failure)

    def _add(self, document: Json, request: Request) -> None:
        self.check_size(request)
        rows = _rows(document)
        status = self.refusal_of(map(self._name, rows))
        if status is not None:
            raise RefusedError(status, "The records are not valid")
        with self.lock:
            self.feedback += rows

    @property
    def _all_data_sets(self) -> list[DataSet]:
        own = DataSet(
            FEEDBACK_ID,
            self.account.subscription_id,
            type="feedback",
            fields={name: kind for name, (kind, _) in self.feedback_fields.items()},
            roles={name: role for name, (_, role) in self.feedback_fields.items()},
        )
        return [*super()._all_data_sets, own]

    def _check_data_set(self, request: Request, instance_id: str | None, data_set_id: str) -> None:
        self._check_instance(request, instance_id)
        self._check_known(data_set_id, FEEDBACK_ID)

    def _name(self, row: Row) -> str:
        return str(row[self.id_column]).removeprefix(self.before_id)


def _rows(document: Any) -> list[Row]:
    if not isinstance(document, list) or not document:
        raise RefusedError(400, "The body is not a list of records")
    rows: list[Row] = []
    for table in document:
        if not isinstance(table, dict) or table.keys() != {"fields", "values"}:
            raise RefusedError(400, "A record has not fields and values alone")
        for values in table["values"]:
            if len(values) != len(table["fields"]):
                raise RefusedError(400, "values and fields differ in width")
            rows.append(dict(zip(table["fields"], values, strict=True)))
    return rows
