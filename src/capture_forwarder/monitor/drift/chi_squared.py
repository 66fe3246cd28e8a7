"""The upper tail of the chi-squared distribution: the regularized incomplete gamma function.

A series near the origin and a continued fraction beyond, as in Abramowitz and Stegun,
"Handbook of Mathematical Functions", 6.5.29 and 6.5.31.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_EXACT = 1e-16
_MOST = 100_000


def upper_tail(statistic: float, degrees: int) -> float:
    """The probability that a chi-squared variable is larger than a statistic.

    Parameters
    ----------
    statistic
        Not negative.
    degrees
        Degrees of freedom, at least 1.
    """
    a, x = degrees / 2, statistic / 2
    if x <= 0:
        return 1.0
    if math.isinf(x):
        return 0.0
    scale = a * math.log(x) - x - math.lgamma(a)
    if x < a + 1:
        return max(0.0, 1.0 - math.exp(scale) * _series(a, x))
    return math.exp(scale) * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for n in range(1, _MOST):
        term *= x / (a + n)
        total += term
        if term < total * _EXACT:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Evaluate the continued fraction by Lentz's method."""
    b = x + 1 - a
    c = 1 / _TINY
    d = 1 / b
    value = d
    for n in range(1, _MOST):
        factor = -n * (n - a)
        b += 2
        d = 1 / _not_zero(factor * d + b)
        c = _not_zero(b + factor / c)
        value *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return value


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
