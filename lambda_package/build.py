"""Fills a folder with a function's package: the pinned dependencies and our modules.

``sam build`` calls it through ``target.mk``. It needs Python 3.11 or newer with pip, on any
machine: wheels are chosen for the target and not for the machine at hand.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lambda_package.aws_data import keep_called
from lambda_package.packages import FORWARDER, PACKAGES, Package
from lambda_package.wheels import install_wheels

SOURCE = Path(__file__).resolve().parents[1] / "src" / "capture_forwarder"
TASK_ROOT = "/var/task"

# Amazon Linux 2, under Python 3.11, has glibc 2.26; Amazon Linux 2023, under all later ones, 2.34.
GLIBC_MINORS = {"3.11": (17, 26), "3.12": (17, 26, 27, 28, 31, 34)}
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

# METADATA and the licences stay: scanners such as Amazon Inspector read the former.
KEPT_OF_DIST_INFO = ("METADATA", "licenses")
UNNEEDED_FOLDERS = ("tests", "__pycache__")
UNNEEDED_SUFFIXES = (".pyi", ".pyx", ".pxd", ".c", ".h")
# PyYAML does without its C parser, which is ten times as large as all the rest of it.
UNNEEDED_MODULES = ("_yaml.",)
# botocore trusts certifi's authorities, time zones are the system's, and nothing is left that was
# written for the first version of pydantic. boto3 has its clients; its resources, examples and what
# is for AWS's C runtime or for several processes go. The others are for notebooks, type checkers,
# browsers, Windows and libraries that the package does not have.
UNNEEDED_PATHS = (
    "_duckdb-stubs",
    "annotated_types/test_cases.py",
    "aws_lambda_powertools/metrics/provider/datadog",
    "aws_lambda_powertools/middleware_factory",
    "boto3/crt.py",
    "boto3/data",
    "boto3/ec2",
    "boto3/examples",
    "botocore/cacert.pem",
    "botocore/crt/auth.py",
    "botocore/stub.py",
    "dateutil/easter.py",
    "dateutil/rrule.py",
    "dateutil/tz/win.py",
    "dateutil/tzwin.py",
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
    "fiddler/packtools",
    "pydantic/experimental/arguments_schema.py",
    "pydantic/experimental/pipeline.py",
    "pydantic/mypy.py",
    "pydantic/v1",
    "s3transfer/crt.py",
    "s3transfer/processpool.py",
    "tqdm/_tqdm_notebook.py",
    "tqdm/asyncio.py",
    "tqdm/auto.py",
    "tqdm/autonotebook.py",
    "tqdm/completion.sh",
    "tqdm/contrib",
    "tqdm/dask.py",
    "tqdm/keras.py",
    "tqdm/notebook.py",
    "tqdm/rich.py",
    "tqdm/tk.py",
    "tqdm/tqdm.1",
    "urllib3/contrib/emscripten",
    "urllib3/contrib/pyopenssl.py",
    "urllib3/contrib/socks.py",
    "urllib3/http2/connection.py",
)
# Powertools for much else than logs and metrics; none of it is imported by those two.
POWERTOOLS = "aws_lambda_powertools"
UNNEEDED_POWERTOOLS = ("event_handler", "utilities")
KEPT_UTILITIES = ("__init__.py", "jmespath_utils")


@dataclass(frozen=True, slots=True)
class Target:
    """The Lambda environment that a package is built for.

    Attributes
    ----------
    python
        Python's version as ``major.minor``.
    architecture
        ``arm64`` or ``x86_64``, as Lambda calls them.
    """

    python: str
    architecture: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target such as ``python3.13-arm64``.

        Parameters
        ----------
        text
            Runtime and architecture with a hyphen between.

        Returns
        -------
        Target
            What the text names.

        Raises
        ------
        argparse.ArgumentTypeError
            If the text does not name a Python runtime and an architecture of Lambda.
        """
        runtime, _, architecture = text.partition("-")
        python = runtime.removeprefix("python")
        if python == runtime or architecture not in MACHINES:
            message = f"{text!r} is not a target such as python3.13-arm64"
            raise argparse.ArgumentTypeError(message)
        return cls(python, architecture)

    def wheel_platforms(self) -> list[str]:
        """List the wheel platform tags that run on the target.

        Returns
        -------
        list of str
            The tags, for instance ``manylinux2014_aarch64``.
        """
        machine = MACHINES[self.architecture]
        minors = GLIBC_MINORS.get(self.python, GLIBC_MINORS["3.12"])
        return [f"manylinux2014_{machine}"] + [f"manylinux_2_{n}_{machine}" for n in minors]


def install_dependencies(package: Package, target: Target, folder: Path) -> None:
    """Install the pinned dependencies' wheels for the target, checking every hash.

    Parameters
    ----------
    package
        Whose dependencies.
    target
        What the wheels must run on.
    folder
        Where they are put.

    Raises
    ------
    subprocess.CalledProcessError
        If pip cannot install one of them; pip has then said why.
    """
    runs_on = Target("3.12", target.architecture) if package.newer_c_library else target
    platforms = [f"--platform={tag}" for tag in runs_on.wheel_platforms()]
    python = ("--implementation=cp", f"--python-version={target.python}")
    install_wheels(package.requirements, folder, *python, *platforms)


def add_modules(package: Package, folder: Path) -> None:
    """Copy those of our modules that the package has, and its further files.

    Parameters
    ----------
    package
        Which package.
    folder
        Where they are put.
    """
    for path in sorted(SOURCE.rglob("*")):
        inside = path.relative_to(SOURCE).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and package.holds(inside):
            copy = folder / SOURCE.name / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    for name, file in package.files.items():
        shutil.copyfile(file, folder / name)


def strip(folder: Path) -> None:
    """Remove what no import of the package ever reads.

    Parameters
    ----------
    folder
        The package.
    """
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for path in (folder / unneeded for unneeded in UNNEEDED_PATHS):
        if path.exists():  # not every package has every distribution
            _remove(path)
    for path in sorted(folder.rglob("*"), reverse=True):
        in_dist_info = path.parent.suffix == ".dist-info"
        if path.is_dir():
            if path.name in UNNEEDED_FOLDERS:
                shutil.rmtree(path)
        elif (
            path.suffix in UNNEEDED_SUFFIXES
            or path.name.startswith(UNNEEDED_MODULES)
            or (in_dist_info and path.name not in KEPT_OF_DIST_INFO)
        ):
            path.unlink()
        elif in_dist_info and path.name == "METADATA":
            _leave_out_description(path)


def strip_powertools(folder: Path) -> None:
    """Remove the features of Powertools that are not used here, a quarter of the package.

    Parameters
    ----------
    folder
        The package.
    """
    for feature in UNNEEDED_POWERTOOLS:
        for path in (folder / POWERTOOLS / feature).iterdir():
            if feature == "utilities" and path.name in KEPT_UTILITIES:
                continue
            _remove(path)


def _leave_out_description(metadata: Path) -> None:
    """Leave of a distribution's metadata the fields, which scanners read, without its readme."""
    fields, _, _ = metadata.read_text(encoding="utf-8").partition("\n\n")
    metadata.write_text(f"{fields}\n", encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def python_of(version: str) -> str | None:
    """Find an interpreter of one Python version.

    Parameters
    ----------
    version
        ``major.minor``.

    Returns
    -------
    str or None
        The command that starts it, or None if this machine has none that works.
    """
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for command in (sys.executable, shutil.which(f"python{version}")):
        if command is None:
            continue
        # A version manager's shim may be on the PATH and still start nothing, hence check=False.
        answer = subprocess.run(
            [command, "-c", question], check=False, capture_output=True, text=True
        )
        if answer.stdout.strip() == version:
            return command
    return None


def compile_bytecode(target: Target, folder: Path) -> bool:
    """Compile the package, since Lambda cannot: there the package is read-only.

    Parameters
    ----------
    target
        The Python version to compile for.
    folder
        The package.

    Returns
    -------
    bool
        Whether it was compiled; False if this machine has no interpreter of that version.

    Raises
    ------
    subprocess.CalledProcessError
        If a file does not compile.
    """
    python = python_of(target.python)
    if python is None:
        return False
    # By default a .pyc is valid for its source's modification time, which packaging changes.
    command = [python, "-m", "compileall", "-q", "-j", "0"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", TASK_ROOT]
    subprocess.run([*command, str(folder)], check=True)
    return True


def build(package: Package, target: Target, folder: Path) -> bool:
    """Fill a folder with a package.

    Parameters
    ----------
    package
        Which package.
    target
        What it must run on.
    folder
        A folder that is new or empty.

    Returns
    -------
    bool
        Whether it was compiled; see `compile_bytecode`.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails.
    """
    install_dependencies(package, target, folder)
    add_modules(package, folder)
    strip(folder)
    strip_powertools(folder)
    keep_called(folder / "botocore" / "data", package.operations)
    return compile_bytecode(target, folder)


def main() -> None:
    """Build the package that the command line asks for.

    Raises
    ------
    subprocess.CalledProcessError
        If pip fails.
    """
    parser = argparse.ArgumentParser(description="Fill a folder with the Lambda package.")
    parser.add_argument("--function", choices=PACKAGES, default=FORWARDER.function)
    parser.add_argument("--target", type=Target.parse, required=True, help="python3.13-arm64")
    parser.add_argument("folder", type=Path, help="a folder that is new or empty")
    arguments = parser.parse_args()
    package = PACKAGES[arguments.function]
    target: Target = arguments.target
    folder: Path = arguments.folder.resolve()

    compiled = build(package, target, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    built_for = f"Python {target.python} on {target.architecture}"
    print(f"{package.function} for {built_for}: {size / 1e6:.1f} MB")
    if not compiled:
        print(
            f"Not byte-compiled: no python{target.python} on this machine. "
            "The package works, but each cold start is slower by about a second."
        )


if __name__ == "__main__":
    main()
