"""Builds the Lambda package as a user does, and asks a Python that sees nothing else about it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"

# What starts a function on Lambda, by the names of the distributions. Lambda's runtime carries an
# AWS SDK, too; it is left out here, since the package brings its own and must be whole with it.
RUNTIME_CARRIES = ("awslambdaric", "simplejson", "snapshot-restore-py")


def sam_build(
    folder: Path, *, runtime: str, architecture: str, function: str = "ForwarderFunction"
) -> Path:
    """Run ``sam build`` of one function for one target.

    Parameters
    ----------
    folder
        Where SAM puts what it builds.
    runtime
        Lambda's name of it, for instance ``python3.13``.
    architecture
        ``arm64`` or ``x86_64``.
    function
        Its name in the template, behind that of the nested stack that it is in.

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
    command = [str(Path(sys.executable).parent / "sam"), "build", function]
    command += ["--build-dir", str(build)]
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
    return build / function


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
