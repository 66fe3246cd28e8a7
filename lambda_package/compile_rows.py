"""Compiles the parser's C, for a processor of Lambda or for the machine at hand.

    python -m lambda_package.compile_rows

puts the library where the parser of this checkout looks for it. The compiler is Zig's, which
compiles C on any machine for any other, and comes as a wheel: no machine needs one of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from lambda_package.wheels import install_wheels

REPOSITORY = Path(__file__).resolve().parents[1]
REQUIREMENTS = REPOSITORY / "requirements" / "compiler.txt"
SOURCE = REPOSITORY / "src" / "capture_forwarder" / "parser" / "fast" / "json_rows.c"
LIBRARY = SOURCE.with_suffix(".so")

_WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
_FLAGS = ("-std=c11", "-O2", *_WARNINGS, "-shared", "-fPIC", "-s")


def compile_rows(library: Path, target: str | None = None) -> None:
    """Compile the parser's C.

    Parameters
    ----------
    library
        The file to write.
    target
        What it must run on, such as ``aarch64-linux-gnu.2.26``: processor, system and the oldest
        glibc; None for this machine.

    Raises
    ------
    subprocess.CalledProcessError
        If the compiler cannot be installed or finds a fault; it has then said which.
    """
    with TemporaryDirectory(prefix="zig") as folder:
        environment = dict(os.environ)
        if find_spec("ziglang") is None:
            install_wheels(REQUIREMENTS, Path(folder))
            environment["PYTHONPATH"] = folder
        # What it keeps for another time would stay in the user's home, 50 MB of it.
        environment["ZIG_GLOBAL_CACHE_DIR"] = environment["ZIG_LOCAL_CACHE_DIR"] = folder
        command = [sys.executable, "-m", "ziglang", "cc", *_FLAGS]
        if target is not None:
            command += ["-target", target]
        subprocess.run([*command, "-o", str(library), str(SOURCE)], check=True, env=environment)


if __name__ == "__main__":
    compile_rows(LIBRARY)
