"""The tables of settings.md and routes.md, from the settings models."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from capture_forwarder.settings import Settings, variables
from capture_forwarder.settings.base import HttpSettings, spellings
from capture_forwarder.settings.labels import LabelSettings
from capture_forwarder.settings.publishers import PUBLISHERS, PublisherName
from capture_forwarder.settings.route import MappingSettings, Match, RouteSettings
from docs.generate import texts
from docs.generate.tables import table
from docs.generate.texts import Told

_NONE = "-"
_NAMES = frozenset(PublisherName)
_VARIABLE_HEADINGS = ("Variable", "What it is", "Type", "Default", "Example")
_KEY_HEADINGS = ("Key", "What it is", "Type", "Default", "Example")

Row = tuple[str, str, str, str, str]


def variables_table(block: str) -> str:
    """Write one table of settings.md.

    Parameters
    ----------
    block
        A platform's name, or `publisher`, `mapping`, `labels`, `routes` or `running`.
    """
    return table(_VARIABLE_HEADINGS, [row for _, row in variable_rows(block)])


def variable_rows(block: str) -> Iterator[tuple[str, Row]]:
    """Each variable of a table in settings.md, with its row."""
    if block == "publisher":
        kind = " or ".join(f"`{name}`" for name in PublisherName)
        told = texts.PUBLISHER
        default = "by the variables that are set"
        yield (
            variables.PUBLISHER,
            (f"`{variables.PUBLISHER}`", told.what, kind, default, f"`{told.example}`"),
        )
    elif block == "mapping":
        for name, place in variables.ROUTE.items():
            if place[0] == "mapping" and name not in variables.TWINS.values():
                field = str(place[1])
                info = MappingSettings.model_fields[field]
                yield name, _row(_twin(name), texts.MAPPING[field], info)
    elif block == "labels":
        for name, place in variables.LABELS.items():
            key = str(place[1])
            yield name, _row(f"`{name}`", texts.LABELS[key], LabelSettings.model_fields[key])
    elif block in {"routes", "running"}:
        for name, field in variables.SHARED.items():
            if (block == "routes") == field.startswith("routes_"):
                yield name, _row(f"`{name}`", texts.SHARED[field], Settings.model_fields[field])
    else:
        yield from _platform_rows(PublisherName(block))


def _platform_rows(platform: PublisherName) -> list[tuple[str, Row]]:
    rows: list[tuple[str, Row]] = []
    partner_app: list[tuple[str, Row]] = []
    told = texts.PUBLISHERS[platform]
    fields = PUBLISHERS[platform].model_fields
    if platform is PublisherName.FIDDLER:
        for name, one in (
            (variables.PARTNER_APP, texts.PARTNER_APP_AUTH),
            (variables.PARTNER_APP_URL, texts.PARTNER_APP_URL),
        ):
            partner_app.append((name, (f"`{name}`", one.what, one.kind, _NONE, f"`{one.example}`")))
    named = {field: name for name, field in variables.BY_PUBLISHER[platform].items()}
    for field in _own_first(named):
        name = named[field]
        row = _row(f"`{name}`", told[field], fields[field], _secret_default(platform, field))
        (partner_app if name.startswith("AWS_") else rows).append((name, row))
    return [*rows, *partner_app]


def routes_table(block: str) -> str:
    """Write one table of routes.md.

    Parameters
    ----------
    block
        A platform's name, or `route`, `match`, `mapping` or `labels`.
    """
    model, told = _section(block)
    rows = []
    for field in _own_first(model.model_fields):
        info = model.model_fields[field]
        name = info.alias or field
        if name != "type":
            default = _secret_default(PublisherName(block), field) if block in _NAMES else ""
            rows.append(_row(f"`{name}`", told[name], info, default))
    return table(_KEY_HEADINGS, rows)


def _section(block: str) -> tuple[type[BaseModel], Mapping[str, Told]]:
    sections: dict[str, tuple[type[BaseModel], Mapping[str, Told]]] = {
        "route": (RouteSettings, texts.ROUTE),
        "match": (Match, texts.MATCH),
        "mapping": (MappingSettings, texts.MAPPING),
        "labels": (LabelSettings, texts.LABELS),
    }
    if block in sections:
        return sections[block]
    platform = PublisherName(block)
    return PUBLISHERS[platform], texts.PUBLISHERS[platform]


def _own_first(fields: Iterable[str]) -> list[str]:
    """A platform's own settings before those that all platforms over HTTP have."""
    return sorted(fields, key=[*HttpSettings.model_fields].__contains__)


def _twin(name: str) -> str:
    theirs = variables.TWINS.get(name)
    return f"`{name}` or `{theirs}`" if theirs else f"`{name}`"


def _secret_default(platform: PublisherName, field: str) -> str:
    """What stands as default of one spelling of the platform's secret; empty for other fields."""
    secrets = PUBLISHERS[platform].secrets
    if not secrets or field not in spellings(secrets[0]):
        return ""
    optional = PUBLISHERS[platform].may_do_without_secret
    return "one of these three, or none" if optional else "one of these three"


def _row(name: str, told: Told, info: FieldInfo, default: str = "") -> Row:
    default = default or ("needed" if info.is_required() else _default(info))
    example = f"`{told.example}`" if told.example else _NONE
    return name, told.what, _kind(told, info), default, example


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if value is None or value == () or isinstance(value, BaseModel):
        return _NONE
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`"


def _kind(told: Told, info: FieldInfo) -> str:
    """A setting's type in a reader's words: the model's where it says enough."""
    annotation = _without_none(info.annotation)
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(annotation))
    names = {bool: "`true` or `false`", UUID: "UUID", SecretStr: "secret"}
    if annotation in names:
        return names[annotation]
    if annotation in {int, float}:
        return f"{'whole number' if annotation is int else 'number'}{_limits(info)}"
    return told.kind


def _limits(info: FieldInfo) -> str:
    found: dict[str, Any] = {}
    for limit in info.metadata:
        for word in ("ge", "gt", "le"):
            if (value := getattr(limit, word, None)) is not None:
                found[word] = f"{value:g}" if isinstance(value, float) else value
    low = f", {found['ge']}" if "ge" in found else f", above {found['gt']}" if "gt" in found else ""
    return f"{low} to {found['le']}" if "le" in found else f"{low} or more"


def _without_none(annotation: Any) -> Any:  # noqa: ANN401 - a type, as typing spells it
    if get_origin(annotation) in {Union, types.UnionType}:
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation
