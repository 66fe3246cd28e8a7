"""Installs pinned wheels into a folder, checking every hash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def install_wheels(requirements: Path, folder: Path, *options: str) -> None:
    """Install what a requirement file pins, and nothing else.

    Parameters
    ----------
    requirements
        The file.
    folder
        Where the wheels are put.
    options
        What else pip is told, such as the platform that they are for.

    Raises
    ------
    subprocess.CalledProcessError
        If pip cannot install one of them; pip has then said why.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", *options]
    command += [f"--target={folder}", f"--requirement={requirements}"]
    subprocess.run(command, check=True)
