"""Where the settings of a routes file stand: the line of each, and what its route is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import yaml

from capture_forwarder.settings.checking import Location

_DEEPEST = 5  # routes, its number, a section, a setting, and an entry of it
_ROUTE = re.compile(r"routes\[(\d+)\]")
_BEHIND = frozenset(".,:[ ")


def lines_of(node: yaml.Node | None) -> dict[str, int]:
    """Find the line of each setting.

    Parameters
    ----------
    node
        A document as it was written.

    Returns
    -------
    dict
        Place, as in `routes[0].mapping.inputs` → its line, from 1 on.
    """
    return {spelled(place): line for place, line in _lines(node, ())}


def spelled(place: Location) -> str:
    """Write a place as messages do."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def placed(
    problems: Iterable[str],
    where: str,
    lines: Mapping[str, int],
    names: Sequence[str | None],
    others: Iterable[tuple[int, str]] = (),
) -> list[str]:
    """Say on which line, and of which route, problems are; those further up come first.

    Parameters
    ----------
    problems
        What is wrong, each behind its place, as in `routes[0].mapping.inputs: missing`.
    where
        The file.
    lines
        See `lines_of`. Of a place that is not there, the line is that of what it would be in.
    names
        The names of the routes, in order; None where there is none.
    others
        More problems, each with its line.
    """
    found = [*others, *((_line(problem, lines), problem) for problem in problems)]
    return [
        f"{where}{f', line {line}' if line else ''}{_of_its_route(problem, names)}"
        for line, problem in sorted(found, key=lambda one: one[0])
    ]


def _line(problem: str, lines: Mapping[str, int]) -> int:
    """The line of a problem; 0 where it is not known."""
    known = [place for place in lines if _begins(problem, place)]
    return lines[max(known, key=len)] if known else 0


def _of_its_route(problem: str, names: Sequence[str | None]) -> str:
    found = _ROUTE.match(problem)
    name = names[int(found[1])] if found and int(found[1]) < len(names) else None
    if found is None or name is None:
        return f": {problem}"
    return f", route {name}: {problem.replace(f'{found[0]}.', '').replace(f'{found[0]}: ', '')}"


def _begins(problem: str, place: str) -> bool:
    return problem.startswith(place) and problem[len(place) : len(place) + 1] in _BEHIND


def _lines(node: yaml.Node | None, place: Location) -> Iterator[tuple[Location, int]]:
    if len(place) > _DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":  # what it names stands elsewhere
                continue
            there = (*place, str(key.value))
            yield there, key.start_mark.line + 1
            yield from _lines(value, there)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*place, number), item.start_mark.line + 1
            yield from _lines(item, (*place, number))
