"""What is taken out of rows before they leave, as a person writes it down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>[0-9]{0,6})\]")


class Pattern(StrEnum):
    """What can be found in texts."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    AWS_KEY = "aws-key"


class Action(StrEnum):
    """What can be done with a value."""

    DROP = "drop"
    HASH = "hash"
    PATTERNS = "patterns"


Step = str | int | None
"""A key of an object, an index of a list, or None for each item of a list."""


class RedactionRule(msgspec.Struct, frozen=True):
    """What to do with a column, or with what a path leads to in it.

    Parameters
    ----------
    path
        A column, or a column with keys and items behind it: `messages[].content`.
    action
        What to do with it.
    patterns
        What to replace in its texts, where that is the action.
    """

    path: str
    action: Action
    patterns: tuple[Pattern, ...] = ()

    def steps_in(self, columns: Sequence[str]) -> tuple[str, tuple[Step, ...]] | None:
        """Split the path into one of the columns and the way within it; None if it is in none.

        A name that is a column as it stands is that column, whatever characters it has.
        """
        for column in sorted(columns, key=len, reverse=True):
            rest = self.path.removeprefix(column)
            if self.path.startswith(column) and (steps := _steps(rest)) is not None:
                return column, steps
        return None


def parse_redaction(entries: Iterable[str]) -> tuple[RedactionRule, ...]:
    """Read entries `path=action`, where an action is `drop`, `hash`, `patterns` or some patterns.

    Parameters
    ----------
    entries
        For example `email=drop`, `customer=hash`, `input_messages=email+phone`.

    Raises
    ------
    ValueError
        An entry has no such form, or a path stands twice.
    """
    rules: list[RedactionRule] = []
    for entry in entries:
        path, _, action = (part.strip() for part in entry.rpartition("="))
        if not path:
            raise ValueError(f"entry {entry!r} must be `column=action`")
        if any(rule.path == path for rule in rules):
            raise ValueError(f"{path!r} stands twice")
        rules.append(_rule(path, action))
    return tuple(rules)


def _rule(path: str, action: str) -> RedactionRule:
    if action in {Action.DROP, Action.HASH}:
        return RedactionRule(path, Action(action))
    if action == Action.PATTERNS:
        return RedactionRule(path, Action.PATTERNS, tuple(Pattern))
    try:
        found = tuple(Pattern(name.strip()) for name in action.split("+"))
    except ValueError:
        known = ", ".join((*Action, *Pattern))
        raise ValueError(
            f"the action of {path!r} is {action!r}; it must be one of: {known}; or several "
            "patterns with a plus between them"
        ) from None
    return RedactionRule(path, Action.PATTERNS, found)


def _steps(text: str) -> tuple[Step, ...] | None:
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            return None
        key, index = found["key"], found["index"]
        steps.append(key if key is not None else (int(index) if index else None))
        at = found.end()
    return tuple(steps)
