"""All files of a release, the same bytes each time they are made of the same commit.

For each processor there is one archive with all that a deployment takes: the templates, an archive
of each function, and settings for the SAM CLI.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from capture_forwarder import __version__
from release.archives import write_zip
from release.bill import bill_of_materials, distributions, licence_list
from release.template import functions_of, released

REPOSITORY = Path(__file__).resolve().parents[1]
ARCHITECTURES = ("arm64", "x86_64")
_NAME = "capture-forwarder"
# The least that zip can tell.
_OLDEST = 315_532_800
SETTINGS = """\
version = 0.1

[default.global.parameters]
stack_name = "capture-forwarder"

[default.deploy.parameters]
capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
confirm_changeset = true
resolve_s3 = true
"""
"""What the SAM CLI is told of a release: nothing of it is built."""


def make_release(folder: Path, python: str, architectures: Sequence[str]) -> list[Path]:
    """Make the files of a release.

    Parameters
    ----------
    folder
        Where they are put.
    python
        The functions' Python, as `major.minor`. Their bytecode is compiled where this machine has
        that version.
    architectures
        The functions' processors, as Lambda calls them.

    Returns
    -------
    list
        The files: wheel, source distribution, for each processor an archive, a bill of materials
        (CycloneDX) and the licences, and the checksums of all of them.

    Raises
    ------
    subprocess.CalledProcessError
        Something could not be built; it has then said why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    moment = commit_time()
    made = _python_packages(folder, moment)
    for architecture in architectures:
        made += _deployable(folder, python, architecture, moment)
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(_checksum(path) for path in sorted(made)))
    return [*made, sums]


def commit_time() -> int:
    """Return the time of the commit, in seconds since 1970, or what SOURCE_DATE_EPOCH says."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    asked = subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    return int(asked.stdout) if asked.returncode == 0 and asked.stdout.strip() else _OLDEST


def _python_packages(folder: Path, moment: int) -> list[Path]:
    _run([sys.executable, "-m", "hatchling", "build", "-d", str(folder.resolve())], moment)
    return sorted(folder.glob("*.whl")) + sorted(folder.glob("*.tar.gz"))


def _deployable(folder: Path, python: str, architecture: str, moment: int) -> list[Path]:
    """Make what deploys the functions for one processor, and what says what is in them."""
    name = f"{_NAME}-{__version__}-{architecture}"
    runtime = f"python{python}"
    archive, bill, licences = (folder / f"{name}{end}" for end in (".zip", ".cdx.json", ".txt"))
    with tempfile.TemporaryDirectory() as temporary:
        built, laid = Path(temporary, "built"), Path(temporary, name)
        for template in templates():
            text = template.read_text(encoding="utf-8")
            functions = functions_of(text)
            place = laid / template.relative_to(REPOSITORY)
            place.parent.mkdir(parents=True, exist_ok=True)
            for function in functions:
                _build(function, f"{runtime}-{architecture}", built / function, moment)
                write_zip(built / function, place.with_name(f"{function}.zip"), moment)
            archives = {function: f"{function}.zip" for function in functions}
            fixed = {"Runtime": runtime, "Architecture": architecture}
            place.write_text(released(text, archives, fixed), encoding="utf-8")
        (laid / "samconfig.toml").write_text(SETTINGS, encoding="utf-8")
        # What the template names of itself goes to S3 with it.
        for page in ("LICENSE", "README.md"):
            shutil.copyfile(REPOSITORY / page, laid / page)
        # One folder inside, so that unpacking it scatters nothing.
        write_zip(Path(temporary), archive, moment, only=name)
        packages = sorted(built.iterdir())
        parts = {one.name: one for path in packages for one in distributions(path)}
        bill.write_text(
            bill_of_materials(_NAME, __version__, list(parts.values()), moment), encoding="utf-8"
        )
        licences.write_text("".join(map(licence_list, packages)), encoding="utf-8")
    return [archive, bill, licences]


def templates() -> list[Path]:
    """Find the template and those that are nested in it."""
    return [REPOSITORY / "template.yaml", *sorted((REPOSITORY / "templates").glob("*.yaml"))]


def _build(function: str, target: str, folder: Path, moment: int) -> None:
    """Build a function's package as `sam build` does."""
    makefile = REPOSITORY / "lambda_package" / "targets" / target / "Makefile"
    folder.mkdir(parents=True)
    _run(
        ["make", "--silent", f"--file={makefile}", f"build-{function}"],
        moment,
        ARTIFACTS_DIR=str(folder),
        PYTHON=sys.executable,
    )


def _run(command: Sequence[str], moment: int, **variables: str) -> None:
    # Sets are written in the order of their hashes into bytecode.
    same = {"SOURCE_DATE_EPOCH": str(moment), "PYTHONHASHSEED": "0"}
    passed = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(command, cwd=REPOSITORY, env={**passed, **same, **variables}, check=True)


def _checksum(path: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
