"""How often a platform that fails at random has a good row blamed.

    python -m tests.forwarding.chance_of_blame

Delivers 5,000 batches of 20 rows for each rate at which requests fail, and prints what became of
them: delivered, the platform taken for down, or a row blamed.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Sequence

from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.core.inference import Inference
from tests.forwarding.test_sending import Setting, batch

BATCHES = 5000
ROWS = 20


def outcome(rate: float, dice: random.Random) -> str:
    """Deliver one batch to a platform that fails at random; say what became of it."""
    here = Setting()

    def answer(_: Sequence[Inference]) -> None:
        if dice.random() < rate:
            raise PlatformUnavailableError("The platform answered 500.", may_be_a_row=True)

    here.publisher.refuse = answer
    try:
        delivered = here.sender.deliver(batch(ROWS))
    except PlatformUnavailableError:
        return "down"
    return "blamed" if delivered.refused else "delivered"


def main() -> None:
    """Print a line for each rate."""
    for rate in (0.2, 0.5, 0.7, 0.8, 0.9):
        dice = random.Random(1)  # noqa: S311
        found = Counter(outcome(rate, dice) for _ in range(BATCHES))
        sys.stdout.write(f"{rate:.0%} fail: {dict(found)}\n")


if __name__ == "__main__":
    main()
