"""What looks like an address, a phone number, a card or a key of AWS in a text, replaced.

Each is found by its form alone: much that looks so is none, and much that is one looks otherwise.
No pattern goes back over what it took further than a bounded length, so that a text of any make
takes time by its length.

Sources: RFC 5321 (the lengths of an address), ITU-T E.164 (phone numbers), ISO/IEC 7812-1 (cards
and their check digit, by Luhn), IAM User Guide, "IAM identifiers" (keys).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from capture_forwarder.core.redaction import Pattern

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
)
_CARD = re.compile(r"(?<![0-9])(?:[0-9][ -]?){12,18}[0-9](?![0-9])")
_PHONE = re.compile(
    r"(?<![\w.+])(?:(?:\+|00)[1-9](?:[ ().-]{0,3}[0-9]){6,14}"
    r"|\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4})(?![0-9])"
)
_AWS_ID = re.compile(
    r"(?<![A-Z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Z0-9])"
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")

Replace = Callable[[str], tuple[str, int]]
"""Takes a text; returns it with what was replaced, and how often."""


def replacing(patterns: Sequence[Pattern]) -> Replace:
    """Make what replaces patterns, each by its name in brackets.

    Parameters
    ----------
    patterns
        Which.
    """
    # Keys hold digits, and cards look like phone numbers: the longer ones go first.
    order = [one for one in _REPLACE if one in patterns]

    def replace(text: str) -> tuple[str, int]:
        count = 0
        for one in order:
            text, found = _REPLACE[one](text)
            count += found
        return text, count

    return replace


def _emails(text: str) -> tuple[str, int]:
    return _EMAIL.subn(f"[{Pattern.EMAIL}]", text) if "@" in text else (text, 0)


def _phones(text: str) -> tuple[str, int]:
    return _PHONE.subn(f"[{Pattern.PHONE}]", text)


def _cards(text: str) -> tuple[str, int]:
    return _where(_CARD, _passes_luhn, f"[{Pattern.CARD}]", text)


def _aws_keys(text: str) -> tuple[str, int]:
    word = f"[{Pattern.AWS_KEY}]"
    text, ids = _AWS_ID.subn(word, text)
    text, secrets = _where(_AWS_SECRET, _is_mixed, word, text)
    return text, ids + secrets


_REPLACE: dict[Pattern, Replace] = {
    Pattern.AWS_KEY: _aws_keys,
    Pattern.EMAIL: _emails,
    Pattern.CARD: _cards,
    Pattern.PHONE: _phones,
}


def _where(
    pattern: re.Pattern[str], holds: Callable[[str], bool], word: str, text: str
) -> tuple[str, int]:
    count = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal count
        if not holds(found[0]):
            return found[0]
        count += 1
        return word

    return pattern.sub(replaced, text), count


def _passes_luhn(written: str) -> bool:
    digits = [int(sign) for sign in written if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_mixed(written: str) -> bool:
    """Whether a text of forty signs is no digest in hexadecimal and no word."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(map(kind, written)) for kind in kinds)
