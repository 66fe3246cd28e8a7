"""Builds the Lambda package as a user does, and asks a Python that sees nothing else about it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from lambda_package.build import Target, build
from lambda_package.packages import MONITOR

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"

# What starts a function on Lambda, by the names of the distributions. Lambda's runtime carries an
# AWS SDK, too; it is left out here, since the package brings its own and must be whole with it.
RUNTIME_CARRIES = ("awslambdaric", "simplejson", "snapshot-restore-py")


def sam_build(folder: Path, *, runtime: str, architecture: str) -> Path:
    """Run ``sam build`` for one target.

    Parameters
    ----------
    folder
        Where SAM puts what it builds.
    runtime
        Lambda's name of it, for instance ``python3.13``.
    architecture
        ``arm64`` or ``x86_64``.

    Returns
    -------
    Path
        The folder that becomes /var/task.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "SAM_", "AWS_"))
    }
    build = folder / "build"
    command = [str(Path(sys.executable).parent / "sam"), "build", "--build-dir", str(build)]
    command += ["--parameter-overrides", f"Runtime={runtime}", f"Architecture={architecture}"]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**environment, "SAM_CLI_TELEMETRY": "0", "PYTHON": sys.executable},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return build / "ForwarderFunction"


class _ThisMachine(Target):
    """This machine's Python, with the C library of Lambda's newer runtimes."""

    def wheel_platforms(self) -> list[str]:
        return Target("3.12", self.architecture).wheel_platforms()


def build_monitor(folder: Path) -> Path:
    """Build the package of the monitor's function as the build does, to be run here.

    Where Python 3.11 runs on Lambda, the C library is too old for DuckDB; here it is not.

    Parameters
    ----------
    folder
        Where it is put.

    Returns
    -------
    Path
        The package's folder.
    """
    package = folder / "package"
    package.mkdir()
    assert build(MONITOR, _ThisMachine(PYTHON_VERSION, ARCHITECTURE), package)
    return package


def lay_out_runtime(folder: Path) -> Path:
    """Make a folder that holds only what of Lambda's own runtime a function is started with.

    Parameters
    ----------
    folder
        An empty folder; it is filled with links to the packages that this Python has installed.

    Returns
    -------
    Path
        The same folder.
    """
    for name in RUNTIME_CARRIES:
        distribution = metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}
        for top in tops - {"__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def isolated_python(package: Path, runtime: Path) -> tuple[list[str], dict[str, str]]:
    """Say how to start a Python that sees the package and the runtime and nothing else.

    Parameters
    ----------
    package
        The built package.
    runtime
        What `lay_out_runtime` made.

    Returns
    -------
    tuple
        The command to append arguments to, and the variables it needs.
    """
    return [sys.executable, "-S"], {"PYTHONPATH": f"{package}{os.pathsep}{runtime}"}


def run_isolated(package: Path, runtime: Path, code: str) -> str:
    """Run code with the package and the runtime and nothing else.

    Parameters
    ----------
    package
        The built package.
    runtime
        What `lay_out_runtime` made.
    code
        What to run.

    Returns
    -------
    str
        What it printed.
    """
    python, variables = isolated_python(package, runtime)
    done = subprocess.run(
        [*python, "-c", code], env=variables, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
