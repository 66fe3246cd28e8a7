"""A value → the value that may leave, by an action and the way to what it is for."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256

import msgspec

from capture_forwarder.core.redaction import Action, RedactionRule, Step
from capture_forwarder.parser.redaction.patterns import Replace, replacing

Change = Callable[[object], tuple[object, int]]
"""Takes a value; returns what may leave of it, and how many values were changed."""

_SHORTEST_NUMBER = 7
_HASH_DIGITS = 32
_encode = msgspec.json.Encoder(order="deterministic").encode


def change_of(rule: RedactionRule, steps: tuple[Step, ...], key: bytes) -> Change:
    """Make what changes the values of a column.

    Parameters
    ----------
    rule, steps
        What to do, and where within the column.
    key
        What hashes are made with.
    """
    changes: dict[Action, Callable[[], Change]] = {
        Action.DROP: lambda: _drop,
        Action.HASH: lambda: lambda value: _hash(value, key),
        Action.PATTERNS: lambda: _in_texts(replacing(rule.patterns)),
    }
    change = changes[rule.action]()
    for step in reversed(steps):
        change = _within(step, change)
    return change


def _drop(value: object) -> tuple[object, int]:
    return None, value is not None


def _hash(value: object, key: bytes) -> tuple[object, int]:
    """The same value has the same hash, with the same key alone; nothing has none."""
    if value is None:
        return None, 0
    written = value.encode() if isinstance(value, str) else _encode(value)
    return hmac.new(key, written, sha256).hexdigest()[:_HASH_DIGITS], 1


def _in_texts(replace: Replace) -> Change:
    """Replace in texts, however deep they stand, and in whole numbers that are as long."""

    def change(value: object) -> tuple[object, int]:
        if isinstance(value, str):
            text, count = replace(value)
            return (text, 1) if count else (value, 0)
        if isinstance(value, list):
            items = [change(item) for item in value]
            count = sum(found for _, found in items)
            return ([item for item, _ in items], count) if count else (value, 0)
        if isinstance(value, dict):
            pairs = {name: change(item) for name, item in value.items()}
            count = sum(found for _, found in pairs.values())
            return (
                ({name: item for name, (item, _) in pairs.items()}, count) if count else (value, 0)
            )
        if type(value) is int and abs(value) >= 10**_SHORTEST_NUMBER:
            text, count = replace(str(value))
            return (text, 1) if count else (value, 0)
        return value, 0

    return change


def _within(step: Step, change: Change) -> Change:
    """Change what a step leads to; a value without it stays as it is."""

    def within(value: object) -> tuple[object, int]:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return value, 0
            inner, count = change(value[step])
            return ({**value, step: inner}, count) if count else (value, 0)
        if not isinstance(value, list):
            return value, 0
        chosen = range(len(value)) if step is None else range(step, min(step + 1, len(value)))
        found = {at: change(value[at]) for at in chosen}
        count = sum(changed for _, changed in found.values())
        if not count:
            return value, 0
        return [found[at][0] if at in found else item for at, item in enumerate(value)], count

    return within
