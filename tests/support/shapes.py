"""Values that a shape of botocore's model allows, made up by hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

Json = Any
Shape = Any
_MOST = 3


def values(shape: Shape, own: Mapping[str, st.SearchStrategy[Json]] | None = None) -> Any:
    """Make up documents of a shape, as JSON has them.

    Parameters
    ----------
    shape
        The shape; a client checks neither patterns nor enumerations, and these texts may be any.
    own
        Strategies to use for shapes of these names.
    """
    own = own or {}
    kind = shape.type_name
    if shape.name in own:
        made = own[shape.name]
    elif kind == "structure":
        made = structures(shape, own)
    elif kind == "list":
        least, most = _sizes(shape, _MOST)
        made = st.lists(values(shape.member, own), min_size=least, max_size=most)
    elif kind == "map":
        made = st.dictionaries(values(shape.key, own), values(shape.value, own), max_size=_MOST)
    elif kind == "string":
        least, most = _sizes(shape, 8)
        texts = st.text(min_size=least, max_size=most)
        made = st.sampled_from(shape.enum) if shape.enum else texts
    elif kind == "boolean":
        made = st.booleans()
    elif kind in {"integer", "long"}:
        limits = shape.metadata
        made = st.integers(limits.get("min", -1000), limits.get("max", 1_000_000))
    elif kind in {"float", "double"}:
        limits = shape.metadata
        made = st.floats(
            limits.get("min"), limits.get("max"), allow_nan=False, allow_infinity=False, width=32
        )
    else:
        raise NotImplementedError(kind)
    return made


def _sizes(shape: Shape, usual: int) -> tuple[int, int]:
    """The least and the greatest length that is tried."""
    least = shape.metadata.get("min", 0)
    return least, max(least, min(shape.metadata.get("max", usual), usual))


def structures(
    shape: Shape,
    own: Mapping[str, st.SearchStrategy[Json]],
    needed: frozenset[str] = frozenset(),
    without: frozenset[str] = frozenset(),
) -> Any:
    """Make up documents of a structure.

    Parameters
    ----------
    shape, own
        As for `values`.
    needed, without
        Members that are there beside those that the shape requires, and members that are not.
    """
    members = {name: one for name, one in shape.members.items() if name not in without}
    if shape.is_tagged_union:
        return st.one_of(
            [st.fixed_dictionaries({name: values(one, own)}) for name, one in members.items()]
        )
    always = {*shape.required_members, *needed}
    return st.fixed_dictionaries(
        {name: values(one, own) for name, one in members.items() if name in always},
        optional={name: values(one, own) for name, one in members.items() if name not in always},
    )


def inner_structures(document: Json, shape: Shape, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every object of a document that is a structure of the model, with its path."""
    if shape.type_name == "structure":
        yield path, document
        for name, value in document.items():
            inner = f"{path}.{name}" if path else name
            yield from inner_structures(value, shape.members[name], inner)
    elif shape.type_name == "list":
        for number, value in enumerate(document):
            yield from inner_structures(value, shape.member, f"{path}[{number}]")
