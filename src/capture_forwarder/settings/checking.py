"""A route as it was written → all that is wrong with it, in its writer's own spelling.

The same route can be written as environment variables or in a routes file; `Spell` turns the
place of a setting into the name that its writer knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from capture_forwarder.settings.platforms import PLATFORMS, Platform, PublisherName, spellings
from capture_forwarder.settings.route import MappingSettings, RouteSettings

Location = tuple[str | int, ...]
Spell = Callable[[Location], str]
Written = Mapping[str, object]

# pydantic's own words for these are about Python.
_WORDS = {
    "extra_forbidden": "there is no such setting",
    "string_type": "must be a text",
    "model_type": "must be a mapping of settings",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}

_NO_ROWS_OF_ITS_OWN = "Arthur's endpoint takes captured lines, which have no place for it"


def route_problems(written: Written, spell: Spell) -> Iterator[str]:
    """Say what is wrong with a route; nothing if it is a `RouteSettings`.

    Parameters
    ----------
    written
        The route as nested dictionaries and texts.
    spell
        What the writer calls a setting.
    """
    publisher = _section(written, "publisher")
    mapping = _section(written, "mapping")
    platform = platform_of(publisher.get("type"))
    yield from _columns(mapping, platform, spell)
    first_api = platform is PublisherName.OPENSCALE and publisher.get("api") == "v1"
    if first_api and mapping.get("metadata"):
        yield f"{spell(('mapping', 'metadata'))}: OpenScale's v1 has no place for it"
    if platform is None:
        place = spell(("publisher", "type"))
        yield f"{place}: must be one of {', '.join(PublisherName)}"
    else:
        yield from _platform(PLATFORMS[platform], publisher, spell)
    rest = {**written, "publisher": {"type": "duckdb"}, "mapping": {}}
    yield from invalid(RouteSettings, rest, (), spell)
    wrong = list(invalid(MappingSettings, written.get("mapping", {}), ("mapping",), spell))
    yield from wrong
    if not wrong:
        columns = MappingSettings.model_validate(mapping).columns
        if repeated := columns.duplicates():
            names = ", ".join(repeated)
            yield f"column names must be unique, but these stand twice: {names}"
        if strange := columns.types_of_no_column():
            place = spell(("mapping", "types"))
            yield f"{place}: {', '.join(strange)}: no input or output column has this name"


def invalid(model: type[BaseModel], written: object, at: Location, spell: Spell) -> Iterator[str]:
    """Say which values are wrong by themselves; one that is missing is not wrong here.

    Parameters
    ----------
    model
        What they should be.
    written
        Field → value.
    at
        Where the values stand.
    spell
        What the writer calls a setting.
    """
    try:
        model.model_validate(written)
    except ValidationError as error:
        for detail in error.errors():
            if detail["type"] != "missing":
                yield from _sentences(detail, at, spell)


def platform_of(name: object) -> PublisherName | None:
    """The platform of that name; None if there is none."""
    return PublisherName(name) if isinstance(name, str) and name in set(PublisherName) else None


def _platform(platform: type[Platform], written: Written, spell: Spell) -> Iterator[str]:
    at: Location = ("publisher",)
    for name, info in platform.model_fields.items():
        if info.is_required() and name not in written:
            yield f"{spell((*at, name))}: missing; set it to {info.description}"
    for secret in platform.needed_secrets(written):
        names = [spell((*at, name)) for name in spellings(secret)]
        given = [spell((*at, name)) for name in spellings(secret) if name in written]
        if not given:
            yield f"{names[0]}: missing; set it or {names[1]} or {names[2]}"
        if len(given) > 1:
            yield f"{' and '.join(given)} are set; set only one of them"
    for name, problem in platform.conflicts(written).items():
        yield f"{spell((*at, name))}: {problem}"
    yield from invalid(platform, written, at, spell)


def _columns(mapping: Written, platform: PublisherName | None, spell: Spell) -> Iterator[str]:
    sides = [("mapping", "inputs"), ("mapping", "outputs")]
    names = [spell(side) for side in sides]
    given = [bool(mapping.get(side[1])) for side in sides]
    if platform is PublisherName.ARTHUR:
        for field in ("timestamp", "event_id", "metadata"):
            if mapping.get(field):
                yield f"{spell(('mapping', field))}: {_NO_ROWS_OF_ITS_OWN}"
        for field in ("input_path", "output_path", "csv_header"):
            if mapping.get(field) and not any(given):
                yield f"{spell(('mapping', field))}: says nothing without columns; name them too"
    elif not any(given):
        yield (
            f"{', '.join(names)}: no column is configured; "
            "list the model's input columns in captured order and its output columns"
        )
        return
    if platform in {PublisherName.ARTHUR, PublisherName.OPENSCALE} and given[0] != given[1]:
        missing = names[given.index(False)]
        yield f"{missing}: missing; {platform.value} takes the request and the response together"


def _section(written: Written, name: str) -> Written:
    section = written.get(name, {})
    return section if isinstance(section, Mapping) else {}


def _sentences(detail: ErrorDetails, place: Location, spell: Spell) -> Iterator[str]:
    text = _WORDS.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")
    location = (*place, *detail["loc"])
    for line in text.splitlines():
        yield f"{spell(location)}: {line}" if location else line
