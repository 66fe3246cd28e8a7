"""A routes file's text → plain values, the line of each setting, and what no YAML may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings.checking import Location
from capture_forwarder.settings.routes_lines import lines_of, spelled

_MOST_VALUES = 100_000
_HALF = re.compile("[\ud800-\udfff]")
_IS_HALF = "has half of a surrogate pair, such as \\ud800, which is no character"


@dataclass(frozen=True)
class ReadDocument:
    """A document as it was read.

    Parameters
    ----------
    value
        What it says. Of a key that appears several times, the last value stands for all.
    lines
        See `lines_of`.
    wrong
        The line of each mistake, and what is wrong, behind its place: keys that appear twice, and
        texts that are none.
    """

    value: Any
    lines: dict[str, int]
    wrong: list[tuple[int, str]]


def read_document(text: str, where: str) -> ReadDocument:
    """Read a document, and go on behind what can be told together with other mistakes.

    Parameters
    ----------
    text
        The document; JSON is YAML too.
    where
        Its address, for messages.

    Raises
    ------
    SettingsError
        It is not YAML, or stands for too many values.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if _size(node, {}) > _MOST_VALUES:
            message = f"{where}: its aliases expand to more than {_MOST_VALUES} values"
            raise SettingsError([message])
        # Before what `<<` names is put in its place.
        lines, wrong = lines_of(node), list(_wrong(node, (), set()))
        value = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise SettingsError([f"{_line(where, error)}: this is not YAML: {_said(error)}"]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError([f"{where}: this is not YAML ({type(error).__name__})"]) from None
    return ReadDocument(value, lines, wrong)


class _Loader(yaml.SafeLoader):
    """YAML's plain values."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        return _HALF.sub("?", super().construct_scalar(node))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[object]:
    # Said for this class alone: others may have changed what SafeLoader makes of mappings.
    return loader.construct_yaml_map(node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _wrong(node: yaml.Node | None, place: Location, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Find what YAML takes, and a reader would not: each part once, whatever repeats it."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if _HALF.search(node.value):
            yield _line_of(node), _behind(place, _IS_HALF)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _wrong(item, (*place, number), seen)
    elif isinstance(node, yaml.MappingNode):
        yield from _repeated(node, place)
        for key, value in node.value:
            yield from _wrong(key, place, seen)
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            yield from _wrong(value, (*place, _HALF.sub("?", name)), seen)


def _repeated(node: yaml.MappingNode, place: Location) -> Iterator[tuple[int, str]]:
    lines: dict[str, list[int]] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            lines.setdefault(_HALF.sub("?", key.value), []).append(_line_of(key))
    for name, found in lines.items():
        if len(found) > 1:
            *others, last = map(str, dict.fromkeys(found))
            there = f"lines {', '.join(others)} and {last}" if others else f"line {last}"
            said = f"appears {len(found)} times, on {there}; keep one of them"
            yield found[-1], _behind((*place, name), said)


def _behind(place: Location, said: str) -> str:
    return f"{spelled(place)}: {said}" if place else f"a text {said}"


def _line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _size(node: yaml.Node | None, known: dict[int, float]) -> float:
    """How many values a node stands for, where each alias counts as what it repeats."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in known:
        known[id(node)] = float("inf")  # until it is known: it holds itself
        parts = [
            part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))
        ]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _said(error: yaml.MarkedYAMLError) -> str:
    said = error.problem or "it cannot be read"
    quoting = (yaml.composer.ComposerError, yaml.constructor.ConstructorError)
    # Of a secret that begins with a sign of YAML's, the rest would be quoted as a name.
    if isinstance(error, quoting) or "undefined" in said:
        return "a text that begins with `*`, `&` or `!` must be in quotes, and keys must be text"
    return said


def _line(where: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f"{where}, line {mark.line + 1}" if mark else where
