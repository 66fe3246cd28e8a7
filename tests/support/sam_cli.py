"""The SAM CLI reads a samconfig.toml: its own command, up to where it would begin to deploy."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from samcli.commands.deploy import command

_TEMPLATE = "Resources: {}\n"


def as_deploy_reads(config: str) -> dict[str, Any]:
    """What `sam deploy` would do, by the names of its options.

    Parameters
    ----------
    config
        The text of samconfig.toml.
    """
    read: dict[str, Any] = {}
    names = command.do_cli.__code__.co_varnames[: command.do_cli.__code__.co_argcount]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in list(os.environ):
            if name.startswith(("SAM_CLI", "AWS_REGION", "AWS_DEFAULT_REGION")):
                patch.delenv(name)
        patch.setenv("SAM_CLI_TELEMETRY", "0")
        Path("samconfig.toml").write_text(config, encoding="utf-8")
        Path("template.yaml").write_text(_TEMPLATE)
        patch.setattr(command, "do_cli", lambda *given: read.update(zip(names, given, strict=True)))
        done = CliRunner().invoke(command.cli, [], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return read
