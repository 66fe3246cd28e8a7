"""`make invoke EVENT=…`: the built function and one event, with nothing but this machine.

The package runs under AWS's runtime interface emulator, which comes with the SAM CLI, and meets an
emulated AWS with the sample captures and a Fiddler of the tests.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.emulator import Emulator, FunctionFailedError
from tests.support.local_servers import local_servers
from tests.support.package import ARCHITECTURE, PYTHON_VERSION, lay_out_runtime, sam_build


def main() -> None:
    """Invoke the function with the event that the command line names.

    Raises
    ------
    SystemExit
        There is no such event, or the function failed.
    """
    parser = argparse.ArgumentParser(prog="make invoke", usage="make invoke EVENT=FILE")
    parser.add_argument("event", type=Path, help="the event's file, for instance events/s3.json")
    parser.add_argument("--package", type=Path, help="a package that is built already")
    arguments = parser.parse_args()
    event = read_event(arguments.event)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        package = arguments.package or build(folder)
        (folder / "runtime").mkdir()
        runtime = lay_out_runtime(folder / "runtime")
        with (
            local_servers() as servers,
            Emulator(
                package=package, runtime=runtime, folder=folder, variables=servers.variables()
            ) as function,
        ):
            try:
                answer = function.invoke(event)
            except FunctionFailedError as error:
                print(function.log, file=sys.stderr)
                sys.exit(f"The function failed: {error}")
            print(f"The function answered: {json.dumps(answer)}")
            show(servers.arrived(), servers.quarantined())


def read_event(path: Path) -> object:
    """Read an event.

    Raises
    ------
    SystemExit
        The file is not there, or is no JSON.
    """
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{path} is no event: {error}. See events/README.md for those that there are.")


def build(folder: Path) -> Path:
    """Build the package for this machine's Python and processor, as `sam build` does."""
    print(f"Building for Python {PYTHON_VERSION} on {ARCHITECTURE}; takes about 20 seconds ...")
    return sam_build(folder, runtime=f"python{PYTHON_VERSION}", architecture=ARCHITECTURE)


def show(arrived: Mapping[str, int], quarantined: Mapping[str, int]) -> None:
    """Print what arrived on the platform, and what was refused."""
    print(f"\n{sum(arrived.values())} rows arrived on Fiddler:")
    for endpoint, count in sorted(arrived.items()):
        print(f"  {count:>5}  {endpoint}")
    print(f"{sum(quarantined.values())} lines are in the quarantine:")
    for reason, count in sorted(quarantined.items()):
        print(f"  {count:>5}  {reason}")


if __name__ == "__main__":
    main()
