"""`make local`: servers for `sam local invoke`, which runs the built function in Docker.

SAM gives a function only variables that its template names, so that a copy of the built template
names those that lead to these servers.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

from tests.support.local_servers import LOOPBACK, LocalServers, local_servers
from tests.support.package import REPOSITORY

BUILT = REPOSITORY / ".aws-sam/build/template.yaml"
FUNCTION = "ForwarderFunction"
_EVENT = "events/sqs-eventbridge.json"
_SECONDS = 0.5


def main() -> None:
    """Serve until interrupted; print what to type, and then what arrives."""
    parser = argparse.ArgumentParser(prog="make local")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long to serve")
    arguments = parser.parse_args()
    host = reachable_address()
    with local_servers(host) as servers:
        print(f"An S3 with the sample captures listens at {servers.aws},", end=" ")
        print(f"and a Fiddler at {servers.fiddler.url}.")
        print("\nWithout Docker, in another terminal (it starts servers of its own):\n")
        print(f"  make invoke EVENT={_EVENT}\n")
        if BUILT.is_file():
            template, variables = lay_out(servers, host, BUILT)
            print("With Docker:\n")
            event = f"-e {_EVENT} --env-vars {variables}"
            print(f"  sam local invoke {FUNCTION} -t {template} {event}\n")
        else:
            print("For `sam local invoke`, build first, and start this again:\n\n  sam build\n")
        print("Ctrl-C ends the servers. Until then, what arrives is shown here.")
        sys.stdout.flush()
        _show_arrivals(servers, arguments.seconds)


def reachable_address() -> str:
    """The address at which a container reaches this machine; the loopback one without Docker.

    Docker Desktop hands `host.docker.internal` on to the loopback interface; on Linux, it is the
    gateway of Docker's bridge.
    """
    docker = shutil.which("docker")
    if docker is None or platform.system() != "Linux":
        return LOOPBACK
    command = [docker, "network", "inspect", "bridge", "--format"]
    asked = subprocess.run(
        [*command, "{{(index .IPAM.Config 0).Gateway}}"],
        check=False,
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip() or LOOPBACK


def lay_out(servers: LocalServers, host: str, built: Path) -> tuple[Path, Path]:
    """Write the template and the variables that `sam local invoke` takes, beside the build.

    Returns
    -------
    tuple
        Their paths, relative to the repository where they are in it.
    """
    variables = servers.variables()
    # The quarantine in the container is gone with it; this one is looked at afterwards.
    addresses = {
        name: value.replace(f"//{host}:", "//host.docker.internal:")
        for name, value in variables.items()
    }
    template: dict[str, Any] = yaml_parse(built.read_text())
    named = template["Resources"][FUNCTION]["Properties"]["Environment"]["Variables"]
    named.update(dict.fromkeys(addresses.keys() - named.keys(), ""))
    local = built.with_name("local.json")
    local.write_text(json.dumps(template, indent=2))
    env = built.with_name("local-env.json")
    env.write_text(json.dumps({FUNCTION: addresses}, indent=2))
    return _short(local), _short(env)


def _short(path: Path) -> Path:
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


def _show_arrivals(servers: LocalServers, seconds: float) -> None:
    end = time.monotonic() + seconds
    shown: dict[str, int] = {}
    try:
        while time.monotonic() < end:
            if (arrived := servers.arrived()) != shown:
                print(f"{sum(arrived.values())} rows arrived:", end=" ")
                print(", ".join(f"{count} of {name}" for name, count in sorted(arrived.items())))
                sys.stdout.flush()
                shown = arrived
            time.sleep(_SECONDS)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
