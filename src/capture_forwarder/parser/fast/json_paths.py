"""Columns that stand somewhere in a JSON document → the type of such a document, and their values.

Of JMESPath (jmespath.org, "Specification") these are the paths of keys and indexes, such as
`choices[0].message.content`. A document is decoded as a type of exactly what the paths lead
through, so that all else in it is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from types import GenericAlias
from typing import Any

import jmespath
import msgspec

from capture_forwarder.parser.mapping.columns import Column

Steps = tuple[str | int, ...]
"""The keys and indexes that lead from a document to a value."""

_Get = Callable[[Any], Any]
_Branch = tuple[Steps, Any]
_RECORD = "Record"


class Paths(msgspec.Struct, frozen=True, eq=False):
    """How the columns of a payload are found in a document.

    Parameters
    ----------
    fields
        The keys of the document that lead to the columns, with the types of what they hold.
    getters
        What leads to each column's value, step by step, from a decoded document.
    """

    fields: Mapping[str, Any]
    getters: Sequence[Sequence[_Get]]

    def type_of(self, others: Sequence[str]) -> Any:  # noqa: ANN401 - a type that is made here
        """Make the type of a document that has these keys and may have those `others`."""
        unread = [(key, msgspec.Raw, msgspec.Raw(b"")) for key in others]
        return _record([*self.fields.items(), *unread], forbid_unknown_fields=True)


def paths_of(columns: Sequence[Column], types: Sequence[Any]) -> Paths | None:
    """Find out how columns of these types are reached.

    Returns
    -------
    Paths or None
        None if a source is more than keys and indexes, if two columns share one, or if all
        columns stand in dictionaries, which could be records.
    """
    steps = [_steps_of(column) for column in columns]
    if len(set(steps)) < len(steps) or any(
        one is None or not all(map(is_field, one)) for one in steps
    ):
        return None
    branches = [(one, kind) for one, kind in zip(steps, types, strict=True) if one]
    fields = _fields(branches)
    if fields is None or all(map(_is_record, fields.values())):
        return None
    keys = list(fields)
    return Paths(fields, [_getters(one, keys, fields) for one, _ in branches])


def _steps_of(column: Column) -> Steps | None:
    if not column.is_path:
        return (column.key,)
    return _steps(jmespath.compile(column.key).parsed)


def _steps(node: Mapping[str, Any]) -> Steps | None:
    if node["type"] in {"field", "index"}:
        return (node["value"],)
    if node["type"] not in {"subexpression", "index_expression"}:
        return None
    parts = [_steps(child) for child in node["children"]]
    return None if None in parts else tuple(chain.from_iterable(filter(None, parts)))


def is_field(step: str | int) -> bool:
    """Whether a step is an index, or a key that can be a field of a decoder's."""
    return isinstance(step, int) or (step.isprintable() and not set(step) & {'"', "\\"})


def _fields(branches: Sequence[_Branch]) -> dict[str, Any] | None:
    below: dict[str, list[_Branch]] = {}
    for (key, *rest), kind in branches:
        if isinstance(key, int):
            return None
        below.setdefault(key, []).append((tuple(rest), kind))
    types = {key: _type(rest) for key, rest in below.items()}
    return None if None in types.values() else types


def _type(branches: Sequence[_Branch]) -> Any:  # noqa: ANN401 - a type that is made here
    """The type of what has all of these below it; None where they contradict each other."""
    if not branches[0][0]:
        return branches[0][1] if len(branches) == 1 else None
    if any(not steps for steps, _ in branches):
        return None
    if all(isinstance(steps[0], int) for steps, _ in branches):
        item = _type([(steps[1:], kind) for steps, kind in branches])
        return None if item is None else GenericAlias(list, item)
    fields = _fields(branches)
    return None if fields is None else _record(list(fields.items()))


def _record(fields: Sequence[tuple[Any, ...]], *, forbid_unknown_fields: bool = False) -> Any:  # noqa: ANN401
    names = [f"field_{n}" for n in range(len(fields))]
    return msgspec.defstruct(
        _RECORD,
        [(name, *field[1:]) for name, field in zip(names, fields, strict=True)],
        rename={name: field[0] for name, field in zip(names, fields, strict=True)},
        forbid_unknown_fields=forbid_unknown_fields,
        gc=False,
    )


def _is_record(kind: Any) -> bool:  # noqa: ANN401 - any type
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _getters(steps: Steps, keys: Sequence[str], fields: Mapping[str, Any]) -> Sequence[_Get]:
    getters: list[_Get] = [attrgetter(f"field_{keys.index(str(steps[0]))}")]
    kind = fields[str(steps[0])]
    for step in steps[1:]:
        if isinstance(step, int):
            getters.append(itemgetter(step))
            (kind,) = kind.__args__
        else:
            found = next(one for one in msgspec.structs.fields(kind) if one.encode_name == step)
            getters.append(attrgetter(found.name))
            kind = found.type
    return getters
