"""The data sets of an OpenScale, and how they are searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from .server import Row

# As IBM's client sends them; a name that is not among them narrows nothing.
_NAMES = frozenset({"type", "target.target_id", "target.target_type", "managed_by"})


@dataclass(frozen=True)
class DataSet:
    """One data set; `fields` is name → type, as Spark writes it, and `roles` name → role."""

    id: str
    target_id: str
    type: str = "payload_logging"
    target_type: str = "subscription"
    fields: Mapping[str, object] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Row:
        """Return the data set as the API shows it."""
        return {
            "metadata": {
                "id": self.id,
                "crn": "crn:v1:loopback",
                "url": f"/v2/data_sets/{self.id}",
                "created_at": "2026-01-01T00:00:00.000Z",
                "created_by": "loopback",
            },
            "entity": {
                "data_mart_id": "9d3a1e76-c08b-4f52-b6e4-57a20d8c9f13",
                "name": "payload",
                "type": self.type,
                "target": {"target_type": self.target_type, "target_id": self.target_id},
                "schema_update_mode": "auto",
                "data_schema": {
                    "type": "struct",
                    "fields": [
                        {
                            "name": name,
                            "type": kind,
                            "nullable": True,
                            "metadata": self._about(name),
                        }
                        for name, kind in self.fields.items()
                    ],
                },
                "status": {"state": "active"},
            },
        }

    def _about(self, name: str) -> Row:
        if name in self.roles:
            return {"modeling_role": self.roles[name]}
        return {} if name.startswith("scoring_") else {"modeling_role": "feature"}


def matching(data_sets: Sequence[DataSet], query: str) -> list[DataSet]:
    """Return those that fit all of a query that is understood."""
    given = {name: value for name, value in parse_qsl(query) if name in _NAMES}
    return [
        one
        for one in data_sets
        if given.get("type", one.type) == one.type
        and given.get("target.target_id", one.target_id) == one.target_id
        and given.get("target.target_type", one.target_type) == one.target_type
    ]
