"""Mutants of promised behaviour: each must be found by the tests of its promise.

    python -m tests.system.mutants [WORD ...]

A mutant is the package with one text replaced. The tests named for it run against a copy of the
source; a mutant that they let pass survives, and the run fails. With words, only the mutants that
have one of them in their promise or file run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.mutants import MUTANTS, Mutant

REPOSITORY = Path(__file__).parents[2]
PACKAGE = Path("src/capture_forwarder")


def survives(one: Mutant) -> bool:
    """Run the tests of a mutant; return whether all of them pass."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(REPOSITORY / "src", source)
        path = source / PACKAGE.name / one.file
        text = path.read_text(encoding="utf-8")
        if one.text not in text:
            raise SystemExit(f"{one.file} has no {one.text!r} any more: correct the mutant.")
        path.write_text(text.replace(one.text, one.broken, 1), encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *one.tests],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            timeout=900,
            check=False,
        )
    return ran.returncode == 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Run the mutants; return how many survive."""
    chosen = [
        one
        for one in MUTANTS
        if not words or any(word in f"{one.promise} {one.file}" for word in words)
    ]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for one, alive in zip(chosen, executor.map(survives, chosen), strict=True):
            survivors += alive
            say(f"{'SURVIVES' if alive else 'found   '} {one.file}: {one.promise}")
    say(f"{len(chosen) - survivors} of {len(chosen)} mutants found.")
    return survivors


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
