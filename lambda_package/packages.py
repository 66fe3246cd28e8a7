"""What goes into the package of which function: dependencies, modules, and AWS's operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambda_package.aws_data import FORWARDER_OPERATIONS, MONITOR_OPERATIONS, Operations

LAMBDA_PACKAGE = Path(__file__).resolve().parent
REQUIREMENTS = LAMBDA_PACKAGE.parent / "requirements"
PANDAS_STAND_IN = LAMBDA_PACKAGE / "pandas_standin.py"  # it says why


@dataclass(frozen=True)
class Package:
    """The package of a function.

    Parameters
    ----------
    function
        Its name in the template.
    requirements
        The pinned dependencies.
    operations
        What it calls of AWS.
    only, without
        Which folders and modules of `capture_forwarder` it has: what is in one of the former and
        in none of the latter.
    files
        Further modules: name in the package → file.
    newer_c_library
        Whether its wheels need that of Amazon Linux 2023, which Lambda has from Python 3.12 on.
    """

    function: str
    requirements: Path
    operations: Operations
    only: tuple[str, ...] = ("",)
    without: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    newer_c_library: bool = False

    def holds(self, path: str) -> bool:
        """Whether a module, by its path in `capture_forwarder`, is in the package."""
        return _is_in(path, self.only) and not _is_in(path, self.without)


def _is_in(path: str, places: tuple[str, ...]) -> bool:
    return any(not place or path == place or path.startswith(f"{place}/") for place in places)


FORWARDER = Package(
    "ForwarderFunction",
    REQUIREMENTS / "lambda.txt",
    FORWARDER_OPERATIONS,
    without=(
        "__main__.py",
        "aws/file_store.py",
        "aws/operator",
        "aws/signals.py",
        "backfill/beginning.py",
        "backfill/estimate.py",
        "backfill/progress.py",
        "backfill/sending.py",
        "cli",
        "dead_letters",
        "forwarding/pace.py",
        "forwarding/side_by_side.py",
        "handlers/monitor.py",
        "inspection",
        "monitor",
        "quarantine",
        "setup",
        "wiring/arrived.py",
        "wiring/backfill.py",
        "wiring/capture_files.py",
        "wiring/dead_letters.py",
        "wiring/doctor.py",
        "wiring/endpoint_tables.py",
        "wiring/endpoints.py",
        "wiring/init.py",
        "wiring/init_deployment.py",
        "wiring/monitor.py",
        "wiring/monitor_executions.py",
        "wiring/monitor_function.py",
        "wiring/monitor_on_spark.py",
        "wiring/monitor_places.py",
        "wiring/monitor_quality.py",
        "wiring/notebooks.py",
        "wiring/operator.py",
        "wiring/platform_check.py",
        "wiring/quarantine.py",
        "wiring/routes.py",
    ),
    files={"pandas.py": PANDAS_STAND_IN},
)
"""All but what only commands, notebooks and the monitor use."""

MONITOR = Package(
    "MonitorFunction",
    REQUIREMENTS / "monitor.txt",
    MONITOR_OPERATIONS,
    only=(
        "__init__.py",
        "aws/__init__.py",
        "aws/certificates.py",
        "aws/clients.py",
        "aws/errors.py",
        "aws/file_store.py",
        "aws/region.py",
        "aws/signals.py",
        "core",
        "handlers/__init__.py",
        "handlers/monitor.py",
        "local/__init__.py",
        "local/clock.py",
        "monitor",
        "wiring/__init__.py",
        "wiring/monitor_function.py",
    ),
    without=(
        "monitor/arrived",
        "monitor/data/captures.py",
        "monitor/engines/spark",
    ),
    newer_c_library=True,
)
"""The monitor of rows and of model quality; rows from captures are for the command.

DuckDB needs the newer C library, so the template lets nobody deploy this with Python 3.11. It is
built for that, too, so that the forwarder can be.
"""

PACKAGES = {package.function: package for package in (FORWARDER, MONITOR)}
