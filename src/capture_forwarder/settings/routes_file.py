"""A routes file's text → its routes, or one error that lists all that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

import yaml

from capture_forwarder.errors import SettingsError
from capture_forwarder.settings.checking import Location, route_problems
from capture_forwarder.settings.route import RoutesDocument, RouteSettings


def parse_routes(text: str, where: str) -> tuple[RouteSettings, ...]:
    """Read a routes file; JSON is YAML too.

    Parameters
    ----------
    text
        The file's text.
    where
        The file's place, for messages.

    Raises
    ------
    SettingsError
        The text is no YAML, or what it says is wrong: one sentence for each mistake.
    """
    document = _decode(text, where)
    if not isinstance(document, dict) or not isinstance(document.get("routes"), list):
        raise SettingsError([f"{where}: must be a mapping with a list named `routes`"])
    problems = [f"{where}: {problem}" for problem in _problems(document)]
    if problems:
        raise SettingsError(problems)
    return RoutesDocument.model_validate(document).routes


def _problems(document: dict[str, Any]) -> Iterator[str]:
    routes = document["routes"]
    for name in sorted(str(key) for key in document if key != "routes"):
        yield f"{name}: there is no such setting; all stands under `routes`"
    if not routes:
        yield "routes: the list is empty"
    names = Counter(
        str(route["name"]) for route in routes if isinstance(route, dict) and "name" in route
    )
    for name, count in names.items():
        if count > 1:
            yield f"routes: {count} routes have the name {name!r}; each needs its own"
    for number, route in enumerate(routes):
        if not isinstance(route, dict):
            yield f"routes[{number}]: must be a mapping with name, mapping and publisher"
            continue
        if "name" not in route and len(routes) > 1:
            yield f"routes[{number}].name: missing; ledger and metrics tell routes apart by it"
        yield from route_problems(route, lambda place, n=number: _spell(n, place))  # type: ignore[misc]


def _spell(number: int, place: Location) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return f"routes[{number}]{''.join(parts)}"


class _Loader(yaml.SafeLoader):
    """YAML's plain values; a key that stands twice is an error and not a value lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the base class's own
        keys = Counter(str(key.value) for key, _ in node.value)
        for key, count in keys.items():
            if count > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands {count} times", node.start_mark
                )
        return super().construct_mapping(node, deep)


def _decode(text: str, where: str) -> object:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"{where}, line {mark.line + 1}" if mark else where
        raise SettingsError([f"{line}: this is no YAML: {error.problem}"]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError([f"{where}: this is no YAML ({type(error).__name__})"]) from error
