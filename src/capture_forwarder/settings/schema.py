"""The JSON Schema of a routes file, for editors: generated from the settings, then tidied."""

from __future__ import annotations

import re
from typing import Any

from capture_forwarder.settings.base import PublisherSettings, spellings
from capture_forwarder.settings.publishers import PUBLISHERS
from capture_forwarder.settings.route import RoutesDocument

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
# What generating leaves behind and an editor makes nothing of.
_CLUTTER = ("title", "discriminator", "writeOnly")


def routes_schema() -> dict[str, Any]:
    """Describe a routes file in JSON Schema, draft 2020-12.

    It is a little stricter than the code where that helps a writer: what is empty is left out.
    """
    made = _tidy(RoutesDocument.model_json_schema(by_alias=True))
    definitions = made.pop("$defs")
    for publisher in PUBLISHERS.values():
        if publisher.secrets:
            definitions[publisher.__name__]["oneOf"] = _one_spelling(publisher)
    named = {"items": {"required": ["name"]}}
    return {
        "$schema": _DRAFT,
        "title": "Capture Forwarder routes file",
        **made,
        # One route alone may do without a name.
        "if": {"properties": {"routes": {"minItems": 2}}},
        "then": {"properties": {"routes": named}},
        "$defs": definitions,
    }


def _one_spelling(publisher: type[PublisherSettings]) -> list[dict[str, Any]]:
    """Ask for exactly one spelling of one secret, or for none where that may do."""
    given = [{"required": [name]} for secret in publisher.secrets for name in spellings(secret)]
    return [*given, {"not": {"anyOf": given}}] if publisher.may_do_without_secret else given


def _tidy(schema: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        name: {field: _tidy(one) for field, one in value.items()}
        if name in {"properties", "$defs"}
        else _tidy(value)
        for name, value in schema.items()
        if name not in _CLUTTER
    }
    # An object as default says nothing that its own properties do not.
    if found.get("default", _NULL) in (None, {}, []) or isinstance(found.get("default"), dict):
        del found["default"]
    if isinstance(text := found.get("description"), str):
        found["description"] = _one_line(text)
    return _without_null(found)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("anyOf", [])
    if _NULL not in kinds:
        return schema
    rest = [kind for kind in kinds if kind != _NULL]
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return others | (rest[0] if len(rest) == 1 else {"anyOf": rest})


def _one_line(text: str) -> str:
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)
