"""Vendors' own clients, run beside the tests: in this interpreter's packages, or in another's.

Some of them take other releases of what we use ourselves, and hundreds of megabytes. Where one is
installed in an environment of its own, `VENDOR_PYTHONS` names the interpreters of such
environments, separated by colons.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run_vendor(module: str, script: str, *arguments: str) -> str:
    """Run a script with a vendor's client; skip the test where that is not installed.

    Parameters
    ----------
    module
        What the script imports of the vendor.
    script, arguments
        Python, and what it finds in `sys.argv`.
    """
    done = subprocess.run(
        [_interpreter(module), "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _interpreter(module: str) -> str:
    others = filter(None, os.environ.get("VENDOR_PYTHONS", "").split(":"))
    find = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    for python in (sys.executable, *others):
        if subprocess.run([python, "-c", find], check=False).returncode == 0:
            return python
    pytest.skip(f"{module} is not installed here; see tests/support/vendor.py")
