"""A routes file's text → its routes, or one error that lists everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.letter_case import alike
from capture_forwarder.settings.checking import Location, route_problems
from capture_forwarder.settings.names import ONLY_ROUTE
from capture_forwarder.settings.nearest import meant
from capture_forwarder.settings.publishers import DuckDbSettings, PublisherName
from capture_forwarder.settings.route import NAME, RoutesDocument, RouteSettings
from capture_forwarder.settings.routes_lines import placed, spelled
from capture_forwarder.settings.routes_yaml import read_document

_SECTIONS = ("match", "mapping", "labels", "publisher")


def parse_routes(text: str, where: str) -> tuple[RouteSettings, ...]:
    """Read a routes file; JSON is YAML too.

    As with variables, an empty value counts as not set, and space around a text is ignored. Only
    the patterns of `match` must not be empty, since the route would then take every capture file.

    Parameters
    ----------
    text
        The file's text.
    where
        The file's address, for messages.

    Raises
    ------
    SettingsError
        The text is not YAML, or what it says is wrong: one sentence for each mistake.
    """
    read = read_document(text, where)
    document = read.value
    if not isinstance(document, dict) or not isinstance(document.get("routes"), list):
        keys = list(map(str, document)) if isinstance(document, dict) else []
        near = [key for key in keys if key != "routes" and meant(key, ["routes"])]
        hint = f"; did you mean it by `{near[0]}`?" if near else ""
        problems = placed((), where, read.lines, (), read.wrong)
        problems.append(f"{where}: must be a mapping with a list named `routes`{hint}")
        raise SettingsError(problems)
    names = [_name(route) for route in document["routes"]]
    problems = placed(_problems(document), where, read.lines, names, read.wrong)
    if problems:
        raise SettingsError(problems)
    return RoutesDocument.model_validate({"routes": list(map(_tidy, document["routes"]))}).routes


def _name(route: object) -> str | None:
    """The name of a route, if it can be one: what else stands there is not told."""
    name = route.get("name") if isinstance(route, dict) else None
    return name.strip() if isinstance(name, str) and NAME.fullmatch(name.strip()) else None


def _problems(document: dict[str, Any]) -> Iterator[str]:
    routes = document["routes"]
    for name in sorted(str(key) for key in document if key != "routes"):
        yield f"{name}: there is no such setting; everything belongs under `routes`"
    if not routes:
        yield "routes: the list is empty"
    tidy = [_tidy(route) if isinstance(route, dict) else {} for route in routes]
    names = Counter(str(route["name"]) for route in tidy if "name" in route)
    for name, count in names.items():
        if count > 1:
            yield f"routes: {count} routes have the name {name!r}; each needs its own"
    yield from _one_table(tidy)
    yield from _without_inferences(tidy)
    for number, route in enumerate(routes):
        place = f"routes[{number}]"
        if not isinstance(route, dict):
            yield f"{place}: must be a mapping with name, mapping and publisher"
            continue
        if "name" not in tidy[number] and len(routes) > 1:
            yield f"{place}.name: missing; ledger and metrics tell routes apart by it"
        yield from _of_route(route, tidy[number], place)


def _one_table(routes: list[dict[str, Any]]) -> Iterator[str]:
    """Say which routes would write to one table, since DuckDB ignores the case of names."""
    tables: dict[str, list[str]] = {}
    for route in routes:
        publisher = route.get("publisher")
        own = "labels" not in route  # labels have no table by their route's name
        if own and isinstance(publisher, dict) and publisher.get("type") == PublisherName.DUCKDB:
            path = str(publisher.get("path", DuckDbSettings.model_fields["path"].default))
            tables.setdefault(path, []).append(str(route.get("name", ONLY_ROUTE)))
    for names in tables.values():
        for first, second in alike(names):
            yield f"routes: {first!r} and {second!r} are one table to DuckDB; rename one of them"


def _without_inferences(routes: list[dict[str, Any]]) -> Iterator[str]:
    """Say which labels have a table of no route beside them, where it is found by its name."""
    names = [route.get("name") for route in routes if "labels" not in route]
    for number, route in enumerate(routes):
        labels, publisher = route.get("labels"), route.get("publisher")
        if not isinstance(labels, dict) or not isinstance(publisher, dict):
            continue
        by_name = publisher.get("type") == PublisherName.DUCKDB or "features" in labels
        if by_name and labels.get("inferences", ONLY_ROUTE) not in names:
            yield (
                f"routes[{number}].labels.inferences: must be the name of the route whose "
                "inferences are labelled"
            )


def _of_route(route: dict[str, Any], tidy: dict[str, Any], place: str) -> Iterator[str]:
    wrong = [name for name in _SECTIONS if not _is_section(route, name)]
    for name in wrong:
        hint = f" with type, one of {', '.join(PublisherName)}" if name == "publisher" else ""
        yield f"{place}.{name}: must be a mapping{hint}"
    yield from _empty_patterns(route, f"{place}.match")
    if "labels" in route and route["labels"] is None:
        yield f"{place}.labels: is empty; write `labels: {{}}` for a route with nothing to set"
    wrong_sections = tuple(f"{place}.{name}" for name in wrong)
    for problem in route_problems(tidy, lambda location: _spell(place, location)):
        if not problem.startswith(place):
            yield f"{place}.mapping: {problem}"
        elif not problem.startswith(wrong_sections):
            yield problem


def _is_section(route: dict[str, Any], name: str) -> bool:
    optional = name != "publisher"
    return isinstance(route.get(name), dict) or (optional and route.get(name) is None)


def _empty_patterns(route: dict[str, Any], place: str) -> Iterator[str]:
    match = route.get("match", {})
    if match is None:
        yield f"{place}: is empty; leave it out if the route is for every capture file"
    elif isinstance(match, dict):
        for name in (name for name, pattern in match.items() if _plain(pattern) is None):
            yield f"{place}.{name}: is empty; leave it out or give a pattern"


def _tidy(route: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty, and the space around texts."""
    tidy = _filled(route)
    for name in _SECTIONS:
        if isinstance(tidy.get(name), dict):
            tidy[name] = _filled(tidy[name])
    return tidy


def _filled(section: dict[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in section.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: object) -> object:
    return value.strip() or None if isinstance(value, str) else value


def _spell(place: str, location: Location) -> str:
    rest = spelled(location)
    return f"{place}{'.' if rest and not rest.startswith('[') else ''}{rest}"
