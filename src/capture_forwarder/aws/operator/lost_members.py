"""What of an answer would be lost, since the installed botocore does not know it.

A client drops what its model does not name from an answer, without a word. What is copied from one
call to another would lose it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lost_members(document: object, shape: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - botocore has no types
    """Find what a request of this shape cannot carry.

    Parameters
    ----------
    document
        A decoded answer, as it came; a member that is null says nothing, and is passed over.
    shape
        The shape of the request in botocore's model.
    path
        Where the document is.

    Yields
    ------
    str
        The path of each member that is not in the shape, such as `ProductionVariants[0].New`.
    """
    if isinstance(document, dict) and shape.type_name == "structure":
        for name, value in document.items():
            inner = f"{path}.{name}" if path else name
            if name in shape.members:
                yield from lost_members(value, shape.members[name], inner)
            elif value is not None:
                yield inner
    elif isinstance(document, dict) and shape.type_name == "map":
        for name, value in document.items():
            yield from lost_members(value, shape.value, f"{path}[{name!r}]")
    elif isinstance(document, list) and shape.type_name == "list":
        for number, value in enumerate(document):
            yield from lost_members(value, shape.member, f"{path}[{number}]")


def without_empty_lists(document: Any, shape: Any) -> Any:  # noqa: ANN401 - as above
    """Leave out lists without entries where a request needs one: they mean that there is none.

    Parameters
    ----------
    document
        A parsed answer.
    shape
        The shape of the request in botocore's model.
    """
    if shape.type_name == "structure":
        kept = {
            name: without_empty_lists(value, shape.members[name])
            for name, value in document.items()
            if name in shape.members
        }
        return {
            name: value
            for name, value in kept.items()
            if value != [] or not shape.members[name].metadata.get("min")
        }
    if shape.type_name == "list":
        return [without_empty_lists(value, shape.member) for value in document]
    return document
