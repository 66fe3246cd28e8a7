"""A named record → the columns that it offers, each with the source of its value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from capture_forwarder.parser import Column, is_plain_name

_DEEPEST = 4
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Field:
    """A value inside a record.

    Parameters
    ----------
    keys
        The keys that lead to it, outermost first; the last one names its column.
    source
        JMESPath, where keys alone do not lead to it.
    """

    keys: tuple[str, ...]
    source: str = ""


def fields_of(record: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[Field]:
    """Yield a field for every value of a record; dictionaries inside it are entered.

    Lists of dictionaries are no value of a column, except those of the chat format of language
    models, whose last message and first choice are.
    """
    for key, value in record.items():
        keys = (*above, key)
        if isinstance(value, dict) and len(keys) < _DEEPEST:
            yield from fields_of(value, keys)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield from _chat(key, value, path_to(keys))
        else:
            yield Field(keys)


def path_to(keys: Sequence[str]) -> str:
    """Write keys as JMESPath, quoted where its grammar asks for it."""
    return ".".join(
        key if _IDENTIFIER.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in keys
    )


def name_columns(fields: Sequence[Field], taken: set[str], prefix: str) -> tuple[Column, ...]:
    """Give each field a column with a name of its own.

    Parameters
    ----------
    fields
        What to name.
    taken
        Names in lower case that are used already; the new ones are added.
    prefix
        Put before a name that is taken on the other side of the call.
    """
    columns = []
    for field in fields:
        wishes = (field.keys[-1], "_".join(field.keys), "_".join((prefix, *field.keys)))
        name = _free(map(_clean, wishes), taken)
        source = field.source or _source(field.keys)
        columns.append(Column(name, None if field == Field((name,)) else source))
    return tuple(columns)


def name_positions(width: int, taken: set[str], *, inputs: bool) -> tuple[Column, ...]:
    """Make up names for values that have only a place: f0, f1, ..., and score or score_0, ..."""
    stem = "f{}" if inputs else "score_{}" if width > 1 else "score"
    names = [stem.format(n) for n in range(width)]
    return tuple(Column(_free((name, f"output_{name}"), taken)) for name in names)


def _chat(key: str, items: Sequence[Mapping[str, object]], path: str) -> Iterator[Field]:
    """OpenAI's format, which the containers for language models share."""
    first = items[0]
    if key == "messages" and "content" in items[-1]:
        yield Field(("prompt",), f"{path}[-1].content")
    elif key == "choices":
        if isinstance(first.get("message"), dict):
            yield Field(("completion",), f"{path}[0].message.content")
        elif "text" in first:
            yield Field(("completion",), f"{path}[0].text")
        if "finish_reason" in first:
            yield Field(("finish_reason",), f"{path}[0].finish_reason")


def _source(keys: Sequence[str]) -> str:
    # A single plain key is looked up as it stands; anything else must be JMESPath.
    is_key = len(keys) == 1 and is_plain_name(keys[0]) and _is_written_as_it_is(keys[0])
    return keys[0] if is_key else path_to(keys)


def _is_written_as_it_is(key: str) -> bool:
    return key == key.strip() and key.isprintable() and bool(key)


def _clean(name: str) -> str:
    """A name that a list of columns can carry; most names are one already."""
    if _is_written_as_it_is(name) and "=" not in name:
        return name
    return re.sub(r"\W+", "_", name).strip("_") or "column"


def _free(wishes: Iterator[str] | Sequence[str], taken: set[str]) -> str:
    name = ""
    for name in wishes:
        if name.lower() not in taken:
            break
    else:
        stem, number = name, 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}", number + 1
    taken.add(name.lower())
    return name
