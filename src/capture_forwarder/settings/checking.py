"""A route as it was written → everything that is wrong with it, in its writer's own spelling.

The same route can be written as environment variables or in a routes file; `Spell` turns the
place of a setting into the name that its writer knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from capture_forwarder.core.conversation import CONVERSATION_COLUMNS, RECORDS
from capture_forwarder.core.letter_case import alike
from capture_forwarder.settings.base import PublisherSettings, spellings
from capture_forwarder.settings.labels import LabelSettings
from capture_forwarder.settings.nearest import meant
from capture_forwarder.settings.otlp import TAKE_LABELS
from capture_forwarder.settings.publishers import PUBLISHERS, PublisherName
from capture_forwarder.settings.route import MappingSettings, RouteSettings

Location = tuple[str | int, ...]
Spell = Callable[[Location], str]
Written = Mapping[str, object]

# What a person can do about each kind of mistake; pydantic's own sentences are about Python.
_WORDS = {
    "extra_forbidden": "there is no such setting",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
    "model_type": "must be a mapping of settings",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "uuid_parsing": "must be a UUID, such as 3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "uuid_type": "must be a UUID, such as 3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
}
_UNKNOWN_MISTAKE = "cannot be used; docs/settings.md and docs/routes.md say what it takes"

_OF_ROWS = ("inputs", "outputs", "timestamp", "event_id", "csv_header", "types")
_CONVERSATIONS = (
    "otlp takes conversations with a language model, which are found without it; leave it out, or "
    "send a model with columns to another publisher"
)
_NO_ROWS_OF_ITS_OWN = "Arthur takes captured lines, which cannot carry it"


def route_problems(written: Written, spell: Spell) -> Iterator[str]:
    """Say what is wrong with a route; nothing if it is a `RouteSettings`.

    Parameters
    ----------
    written
        The route as nested dictionaries and strings.
    spell
        Gives the name by which the writer knows a setting.
    """
    publisher = _section(written, "publisher")
    mapping = _section(written, "mapping")
    name = publisher_name(publisher.get("type"))
    if written.get("labels") is not None:
        yield from _labels(written, name, spell)
    elif name is PublisherName.OTLP:
        yield from _conversations(mapping, spell)
    else:
        yield from _columns(mapping, name, spell)
    first_api = name is PublisherName.OPENSCALE and publisher.get("api") == "v1"
    if first_api and mapping.get("metadata"):
        yield f"{spell(('mapping', 'metadata'))}: OpenScale's v1 cannot store it"
    if name is None:
        place = spell(("publisher", "type"))
        hint = meant(publisher.get("type"), list(PublisherName))
        yield f"{place}: must be one of {', '.join(PublisherName)}{hint}"
    else:
        yield from _publisher(PUBLISHERS[name], publisher, spell)
    rest = {**written, "publisher": {"type": "duckdb"}, "mapping": {}, "labels": None}
    yield from invalid(RouteSettings, rest, (), spell)
    yield from _names(written, name, spell)


def _names(written: Written, name: PublisherName | None, spell: Spell) -> Iterator[str]:
    """What is wrong with a mapping by itself, and with the names in it seen together."""
    wrong = list(invalid(MappingSettings, written.get("mapping", {}), ("mapping",), spell))
    yield from wrong
    if wrong:
        return
    columns = MappingSettings.model_validate(_section(written, "mapping")).columns
    if repeated := columns.duplicates():
        yield f"column names must be unique, but these are used twice: {', '.join(repeated)}"
    if name is PublisherName.DUCKDB:
        for first, second in alike(columns.names):
            yield f"column names: {first!r} and {second!r} are one to DuckDB; rename one"
    if strange := columns.types_of_no_column():
        at = spell(("mapping", "types"))
        yield f"{at}: {', '.join(strange)}: no input or output column has this name"
    otlp = CONVERSATION_COLUMNS if name is PublisherName.OTLP else ()
    redactable = (*columns.names, *otlp) or RECORDS
    for rule in columns.redact:
        if rule.steps_in(redactable) is None:
            at = spell(("mapping", "redact"))
            yield f"{at}: no column has the name {rule.path!r}, or is what it begins with"


def invalid(model: type[BaseModel], written: object, at: Location, spell: Spell) -> Iterator[str]:
    """Say which values are wrong by themselves; missing ones are not looked for.

    Parameters
    ----------
    model
        What they should be.
    written
        Field → value.
    at
        Where in the route the values are.
    spell
        Gives the name by which the writer knows a setting.
    """
    try:
        model.model_validate(written)
    except ValidationError as error:
        for detail in error.errors():
            if detail["type"] != "missing":
                hint = _nearest(model, detail)
                yield from (f"{sentence}{hint}" for sentence in _sentences(detail, at, spell))


def _nearest(model: type[BaseModel], detail: ErrorDetails) -> str:
    """Which setting may have been meant by one that there is not."""
    if detail["type"] != "extra_forbidden":
        return ""
    *sections, name = detail["loc"]
    for section in sections:
        field = model.model_fields.get(str(section))
        if field is None or not isinstance(field.annotation, type):
            return ""
        model = field.annotation
    return meant(name, [field.alias or own for own, field in model.model_fields.items()])


def publisher_name(written: object) -> PublisherName | None:
    """The publisher that a text names; None if there is no such publisher."""
    if isinstance(written, str) and written in set(PublisherName):
        return PublisherName(written)
    return None


def _publisher(model: type[PublisherSettings], written: Written, spell: Spell) -> Iterator[str]:
    at: Location = ("publisher",)
    for name, info in model.model_fields.items():
        if info.is_required() and name not in written:
            yield f"{spell((*at, name))}: missing; set it to {info.description}"
    for secret in model.needed_secrets(written):
        names = [spell((*at, name)) for name in spellings(secret)]
        given = [spell((*at, name)) for name in spellings(secret) if name in written]
        if not given:
            yield f"{names[0]}: missing; set it or {names[1]} or {names[2]}"
        if len(given) > 1:
            yield f"{' and '.join(given)} are set; set only one of them"
    for name, problem in model.conflicts(written).items():
        yield f"{spell((*at, name))}: {problem}"
    yield from invalid(model, written, at, spell)


def _labels(written: Written, publisher: PublisherName | None, spell: Spell) -> Iterator[str]:
    """What is wrong with where labels are; a mapping beside it is for merged lines."""
    labels, mapping = _section(written, "labels"), _section(written, "mapping")
    wrong = list(invalid(LabelSettings, labels, ("labels",), spell))
    yield from wrong
    if not wrong:
        columns = LabelSettings.model_validate(labels).mapping.columns
        counts = Counter(column.name for column in columns)
        if repeated := [name for name, count in counts.items() if count > 1]:
            yield f"{spell(('labels', 'columns'))}: used twice: {', '.join(repeated)}"
    for field in ("endpoint", "variant"):
        if _section(written, "match").get(field):
            place = spell(("match", field))
            yield f"{place}: files of labels name none; match them by bucket, prefix or key"
    if (
        publisher is PublisherName.OTLP
        and _section(written, "publisher").get("backend") not in TAKE_LABELS
    ):
        names = " and ".join(TAKE_LABELS)
        yield f"{spell(('publisher', 'backend'))}: only {names} take labels"
    if publisher is PublisherName.OPENSCALE:
        if not mapping.get("inputs"):
            place = spell(("mapping", "inputs"))
            yield f"{place}: missing; OpenScale takes labels only together with the input columns"
    elif labels.get("features"):
        yield f"{spell(('labels', 'features'))}: is only for openscale"


def _conversations(mapping: Written, spell: Spell) -> Iterator[str]:
    for field in _OF_ROWS:
        if mapping.get(field):
            yield f"{spell(('mapping', field))}: {_CONVERSATIONS}"


def _columns(mapping: Written, publisher: PublisherName | None, spell: Spell) -> Iterator[str]:
    sides = [("mapping", "inputs"), ("mapping", "outputs")]
    names = [spell(side) for side in sides]
    given = [bool(mapping.get(side[1])) for side in sides]
    if publisher is PublisherName.ARTHUR:
        for field in ("timestamp", "event_id", "metadata"):
            if mapping.get(field):
                yield f"{spell(('mapping', field))}: {_NO_ROWS_OF_ITS_OWN}"
        for field in ("input_path", "output_path", "csv_header"):
            if mapping.get(field) and not any(given):
                yield f"{spell(('mapping', field))}: has no effect without columns; set them too"
    elif not any(given):
        yield (
            f"{', '.join(names)}: no column is configured; "
            "list the model's input columns in captured order and its output columns"
        )
        return
    if publisher in {PublisherName.ARTHUR, PublisherName.OPENSCALE} and given[0] != given[1]:
        missing = names[given.index(False)]
        yield f"{missing}: missing; {publisher.value} takes the request and the response together"


def _section(written: Written, name: str) -> Written:
    section = written.get(name, {})
    return section if isinstance(section, Mapping) else {}


def _sentences(detail: ErrorDetails, place: Location, spell: Spell) -> Iterator[str]:
    location = (*place, *detail["loc"])
    for line in _said(detail).splitlines():
        yield f"{spell(location)}: {line}" if location else line


def _said(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":  # one of our own, already in a person's words
        return str(context["error"])
    if "expected" in context:
        context = {"expected": str(context["expected"]).replace("'", "")}
    return _WORDS.get(detail["type"], _UNKNOWN_MISTAKE).format(**context)
