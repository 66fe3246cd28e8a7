"""What `import capture_forwarder` offers, and when it is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

import capture_forwarder


@pytest.mark.parametrize("name", capture_forwarder.__all__)
def test_each_name_is_there_and_shown(name: str) -> None:
    assert getattr(capture_forwarder, name).__name__ == name
    assert name in dir(capture_forwarder)


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Capture'"):
        _ = capture_forwarder.Capture  # type: ignore[attr-defined]


def test_the_function_does_not_import_what_is_for_notebooks() -> None:
    code = (
        "import sys, capture_forwarder.handlers.forwarder\n"
        "print('capture_forwarder.parser.captures' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_all_names_can_be_imported_at_once() -> None:
    code = "from capture_forwarder import *; print(Captures.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["capture_forwarder.parser.captures"]
