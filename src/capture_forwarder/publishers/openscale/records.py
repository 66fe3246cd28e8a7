"""An inference → the record that Watson OpenScale stores of it, in both versions of its API.

Each inference is a record of its own, because what the server makes of the `scoring_id` of a
record with several rows is not documented. `response_time` is left out, since a capture does not
hold it: it is optional in v2, and IBM's example for v1 does without it. `scoring_timestamp` is left
out where the time is not known: the SDK would put the time of sending, which differs on every try.
Sources: ibm-watson-openscale 3.1.11 (`PayloadRecord`), ibm-ai-openscale 2.2.1, IBM's guide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from capture_forwarder.core.inference import Inference
from capture_forwarder.parser import ColumnMapping

TIME = "scoring_timestamp"
"""The column whose value is a record's time, where the mapping has no other for it."""

_encode = msgspec.json.Encoder().encode
_TYPICAL_ID = "0" * 40
_TYPICAL_TIME = "2026-03-01T10:20:30Z"


class _Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """Named values; `fields` is encoded already, being the same for every record."""

    fields: msgspec.Raw
    values: tuple[tuple[object, ...]]
    meta: _Table | None = None


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    request: _Table
    response: _Table
    scoring_id: str
    scoring_timestamp: object = None


class _DataSetRecord(_Record, frozen=True, kw_only=True):
    multiple_records: bool


class _Payload(_Record, frozen=True, kw_only=True):
    binding_id: str
    subscription_id: str
    deployment_id: str


@dataclass(frozen=True)
class _Plan:
    """The positions, in an inference's values, of those of each part of a record."""

    names: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    meta: tuple[int, ...]
    time: int | None


class RecordEncoder:
    """Encodes inferences of one mapping; made by `data_set_records` or `scoring_payloads`."""

    def __init__(
        self, mapping: ColumnMapping, make_record: Callable[..., _Record], meta: Sequence[str]
    ) -> None:
        self._make_record = make_record
        self._inputs = tuple(column.name for column in mapping.inputs)
        self._outputs = tuple(column.name for column in mapping.outputs)
        self._meta = tuple(meta)
        self._time = mapping.timestamp or TIME
        self._fields = [
            msgspec.Raw(_encode(names)) for names in (self._inputs, self._outputs, self._meta)
        ]
        self._kept = self._plan(mapping.names)

    @property
    def overhead(self) -> int:
        """About how many bytes a record has besides its values."""
        names = (*self._inputs, *self._outputs, *self._meta)
        names = names if self._time in names else (*names, self._time)
        values = (_TYPICAL_TIME if name == self._time else None for name in names)
        return len(self.body([Inference(_TYPICAL_ID, names, tuple(values))]))

    def body(self, inferences: Sequence[Inference]) -> bytes:
        """Encode inferences, all of the same columns, as the body of one request.

        The inputs become `request`, the outputs `response`, the id `scoring_id` and the time,
        where there is one, `scoring_timestamp`. A column for the id is not sent again.
        """
        names = inferences[0].names
        plan = self._kept
        if plan.names is not names:
            self._kept = plan = self._plan(names)
        return _encode([self._record(inference, plan) for inference in inferences])

    def _record(self, inference: Inference, plan: _Plan) -> _Record:
        values = inference.values
        inputs, outputs, meta = self._fields
        extra = _Table(meta, (_pick(values, plan.meta),)) if plan.meta else None
        return self._make_record(
            request=_Table(inputs, (_pick(values, plan.inputs),), extra),
            response=_Table(outputs, (_pick(values, plan.outputs),)),
            scoring_id=inference.id,
            scoring_timestamp=None if plan.time is None else values[plan.time],
        )

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        positions = {name: position for position, name in enumerate(names)}
        parts = (self._inputs, self._outputs, self._meta)
        inputs, outputs, meta = (tuple(positions[name] for name in part) for part in parts)
        return _Plan(names, inputs, outputs, meta, positions.get(self._time))


def data_set_records(mapping: ColumnMapping) -> RecordEncoder:
    """Make an encoder of v2's data set records; metadata columns become `request.meta`.

    Parameters
    ----------
    mapping
        Says which columns are inputs, outputs, metadata, and the time.
    """
    # As IBM's client sends it; the server's own ids of records then end in -1, -2 and so on.
    make_record = partial(_DataSetRecord, multiple_records=True)
    return RecordEncoder(mapping, make_record, _meta_columns(mapping))


def scoring_payloads(
    mapping: ColumnMapping, binding_id: str, subscription_id: str, deployment_id: str
) -> RecordEncoder:
    """Make an encoder of v1's scoring payloads, which have no place for metadata columns.

    Parameters
    ----------
    mapping
        See `data_set_records`.
    binding_id, subscription_id, deployment_id
        What each payload says it belongs to.
    """
    make_record = partial(
        _Payload,
        binding_id=binding_id,
        subscription_id=subscription_id,
        deployment_id=deployment_id,
    )
    return RecordEncoder(mapping, make_record, ())


def mapping_problems(mapping: ColumnMapping, *, meta: bool) -> list[str]:
    """Say what of a mapping OpenScale has no place for, a sentence each.

    Parameters
    ----------
    mapping
        How a route's lines become rows.
    meta
        Whether the records take metadata columns: v2's do, v1's do not.
    """
    problems = []
    if not mapping.inputs or not mapping.outputs:
        problems.append("OpenScale needs at least one input column and one output column")
    names = _meta_columns(mapping)
    if names and not meta:
        listing = ", ".join(names)
        problems.append(f"OpenScale's v1 takes no metadata columns: leave out {listing} or use v2")
    return problems


def _meta_columns(mapping: ColumnMapping) -> list[str]:
    time = mapping.timestamp or TIME
    return [column.name for column in mapping.metadata if column.name != time]


def _pick(values: tuple[object, ...], positions: tuple[int, ...]) -> tuple[object, ...]:
    return tuple([values[position] for position in positions])
