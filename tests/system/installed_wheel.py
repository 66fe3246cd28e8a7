"""`make wheel`: the wheel as pip installs it, on one Python, in an environment of its own.

It needs nothing but that Python and a package index: libraries are installed from the pins of
`make demo`, with their hashes, and pip itself checks that these are all that the extras ask for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PINS = REPOSITORY / "requirements/demo.txt"
EXTRAS = "cli,duckdb,monitor"
MAPPING = ("--inputs", "a,b,c,d,e,f,g,h", "--outputs", "score")
ROWS = 256
"""How many inferences the sample captures hold."""


def try_wheel(wheel: Path, python: Path, folder: Path) -> str:
    """Install a wheel, and do with it what a new user does first.

    Parameters
    ----------
    wheel
        The wheel.
    python
        The Python to install it for.
    folder
        An empty folder for the environment, and to work in.

    Returns
    -------
    str
        What the installed command calls itself.

    Raises
    ------
    subprocess.CalledProcessError
        pip could not install it, or the command failed; `stdout` and `stderr` say why.
    AssertionError
        The command did something else than it should.
    """
    environment, place = folder / "environment", folder / "place"
    place.mkdir()
    _run([str(python), "-m", "venv", str(environment)], place)
    own = str(environment / "bin/python")
    asked = folder / "wheel.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    address = wheel.resolve().as_uri()
    asked.write_text(f"capture-forwarder[{EXTRAS}] @ {address} --hash=sha256:{digest}\n")
    pip = [own, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    files = ["--requirement", str(PINS), "--requirement", str(asked)]
    _run(
        [*pip, "install", "--no-compile", "--require-hashes", "--only-binary", ":all:", *files],
        place,
    )
    _run([*pip, "check"], place)

    command = str(environment / "bin/capture-forwarder")
    version = _run([command, "--version"], place).strip()
    said = _run([command, "demo"], place)
    assert "The report, to open in a browser" in said, said
    assert _count(command, "captures", "capture-forwarder-demo.duckdb", place) == ROWS
    (samples,) = environment.glob("lib/python*/site-packages/capture_forwarder/cli/demo/captures")
    module = [own, "-m", "capture_forwarder"]
    _run([*module, "forward", str(samples), "--database", "rows.duckdb", *MAPPING], place)
    assert _count(command, '"churn-untyped"', "rows.duckdb", place) == 31
    shown = _run([command, "report", "rows.duckdb", "--html", "arrived.html"], place)
    assert (place / "arrived.html").exists(), shown
    return version


def _count(command: str, table: str, database: str, place: Path) -> int:
    asked = f"SELECT count(*) AS rows FROM {table}"  # noqa: S608 - ours
    answer = _run([command, "query", asked, "--database", database, "--json"], place)
    return int(json.loads(answer)["rows"])


def _run(command: Sequence[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, check=True, capture_output=True, text=True)
    return done.stdout


def main() -> None:
    """Try the wheel that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.installed_wheel")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            version = try_wheel(arguments.wheel, arguments.python, Path(folder))
        except subprocess.CalledProcessError as error:
            sys.exit(f"{' '.join(error.cmd)}\n{error.stdout}{error.stderr}")
    print(f"{version} from {arguments.wheel.name} works on {arguments.python}.")


if __name__ == "__main__":
    main()
