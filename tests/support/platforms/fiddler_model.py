"""A model with its schema, as Fiddler's API shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL_ID = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
ORGANIZATION = {"id": "8d0f6c1e-5a39-4c72-b7d4-2e91a60c3f58", "name": "loopback"}

_PROJECT = {"id": "c4b2e7d9-61f0-4a8b-93c5-0f7d1e8a2b46", "name": "tests"}
_USER = {
    "id": "5e7a1d30-9c84-4f2b-8b60-7a3d9e2c1f04",
    "full_name": "Loopback User",
    "email": "user@example.com",
}
_CREATED_AT = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Column:
    """One column of a model's schema.

    `data_type` is float, int, str, bool, category, timestamp or vector.
    """

    name: str
    data_type: str
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None
    n_dimensions: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the column as the API shows it."""
        return {
            "name": self.name,
            "data_type": self.data_type,
            "min": self.minimum,
            "max": self.maximum,
            "categories": None if self.categories is None else list(self.categories),
            "bins": None,
            "replace_with_nulls": None,
            "n_dimensions": self.n_dimensions,
        }


@dataclass(frozen=True)
class Model:
    """A model as it stands on the platform.

    A column is given whole, or by its name and data type.

    >>> Model.of(inputs={"age": "int"}, outputs={"score": "float"}).columns[0].name
    'age'
    """

    columns: tuple[Column, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    event_id_col: str | None = None
    event_ts_col: str | None = None
    event_ts_format: str | None = None
    id: str = MODEL_ID
    name: str = "churn"
    task: str = "binary_classification"

    @classmethod
    def of(  # noqa: PLR0913
        cls,
        *,
        inputs: Mapping[str, str | Column],
        outputs: Mapping[str, str | Column],
        targets: Mapping[str, str | Column] | None = None,
        metadata: Mapping[str, str | Column] | None = None,
        event_id_col: str | None = None,
        event_ts_col: str | None = None,
        event_ts_format: str | None = None,
        model_id: str = MODEL_ID,
    ) -> Model:
        """Build a model from its columns by role."""
        roles = (inputs, outputs, targets or {}, metadata or {})
        columns = tuple(
            column if isinstance(column, Column) else Column(name, column)
            for role in roles
            for name, column in role.items()
        )
        return cls(
            columns=columns,
            inputs=tuple(roles[0]),
            outputs=tuple(roles[1]),
            targets=tuple(roles[2]),
            metadata=tuple(roles[3]),
            event_id_col=event_id_col,
            event_ts_col=event_ts_col,
            event_ts_format=event_ts_format,
            id=model_id,
        )

    def reads_time_of(self, event: Mapping[str, Any]) -> bool:
        """Whether the event's time can be read; one that is missing means now, null means none."""
        if self.event_ts_col is None or self.event_ts_col not in event:
            return True
        time = event[self.event_ts_col]
        kinds = {column.name: column.data_type for column in self.columns}
        if kinds.get(self.event_ts_col, "") in {"int", "float"}:
            return isinstance(time, int | float)
        try:
            if self.event_ts_format is not None:
                return bool(datetime.strptime(time, self.event_ts_format))  # noqa: DTZ007
            return datetime.fromisoformat(time).tzinfo is not None
        except (TypeError, ValueError):
            return False

    def as_json(self) -> dict[str, Any]:
        """Return the model as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "version": "v1",
            "input_type": "structured",
            "task": self.task,
            "task_params": {"binary_classification_threshold": 0.5},
            "schema": {
                "schema_version": 1,
                "columns": [column.as_json() for column in self.columns],
            },
            "spec": {
                "schema_version": 1,
                "inputs": list(self.inputs),
                "outputs": list(self.outputs),
                "targets": list(self.targets),
                "decisions": list(self.decisions),
                "metadata": list(self.metadata),
                "custom_features": [],
            },
            "description": None,
            "event_id_col": self.event_id_col,
            "event_ts_col": self.event_ts_col,
            "event_ts_format": self.event_ts_format,
            "xai_params": None,
            "artifact_status": "no_model",
            "artifact_files": [],
            "created_at": _CREATED_AT,
            "updated_at": _CREATED_AT,
            "created_by": _USER,
            "updated_by": _USER,
            "organization": ORGANIZATION,
            "project": _PROJECT,
            "is_binary_ranking_model": False,
        }


CHURN_MODEL = Model.of(
    inputs={
        "tenure_months": Column("tenure_months", "int", minimum=0, maximum=72),
        "monthly_charges": "float",
        "total_charges": "float",
        "contract": Column(
            "contract", "category", categories=("Month-to-month", "One year", "Two year")
        ),
        "payment_method": "str",
        "senior": "bool",
        "support_calls": "int",
        "data_usage_gb": "float",
    },
    outputs={"score": Column("score", "float", minimum=0, maximum=1)},
    metadata={
        "inference_time": "timestamp",
        "event_id": "str",
        "endpoint": "str",
        "variant": "str",
    },
    event_id_col="event_id",
    event_ts_col="inference_time",
)
"""The model whose calls the sample files under ``events/captures`` hold."""
