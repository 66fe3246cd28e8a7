"""From captures to rows on the platform by what `init` writes, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from capture_forwarder.cli.app import app
from tests.support.deployed import CAPTURES, make_bucket
from tests.support.live_stack import LiveStack
from tests.support.package import REPOSITORY
from tests.support.platforms.fiddler import CHURN_MODEL, MODEL_ID, TOKEN, FiddlerServer
from tests.support.sam_cli import as_deploy_reads

SAMPLES = REPOSITORY / "events/captures"
ROWS = 256
INPUTS = "tenure_months,monthly_charges,total_charges,contract,payment_method,senior"
INPUTS += ",support_calls,data_usage_gb"


def test_the_stack_that_init_describes_forwards_the_captures_by_its_own_role(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("samconfig.toml").write_text((REPOSITORY / "samconfig.toml").read_text())
    files = {file.relative_to(SAMPLES).as_posix(): file for file in SAMPLES.rglob("*.jsonl")}
    with mock_aws(config={"lambda": {"use_docker": False}}), FiddlerServer(CHURN_MODEL) as server:
        make_bucket(CAPTURES)
        s3: Any = boto3.client("s3")
        for key, file in files.items():
            s3.put_object(Bucket=CAPTURES, Key=key, Body=file.read_bytes())
        secrets: Any = boto3.client("secretsmanager")
        settings = {
            "url": server.url,
            "token_secret_arn": secrets.create_secret(Name="token", SecretString=TOKEN)["ARN"],
            "model_uuid": MODEL_ID,
            "inputs": INPUTS,
            "outputs": "score",
        }
        drafted = CliRunner().invoke(
            app,
            [
                *("init", f"s3://{CAPTURES}/datacapture/", "--upload", "--publisher", "fiddler"),
                *("--template", str(REPOSITORY / "template.yaml")),
                *(word for pair in settings.items() for word in ("--set", "=".join(pair))),
            ],
        )
        assert drafted.exit_code == 0, drafted.output
        assert server.events == []

        parameters = as_deploy_reads(Path("samconfig.toml").read_text())["parameter_overrides"]
        live = LiveStack(monkeypatch, parameters)
        live.drop("")  # nothing, but in a form that moto understands
        live.announce_as_the_stack_asks("eventbridge")
        for key, file in files.items():
            live.put(key, file.read_bytes())

        assert live.run() == []
        assert len(server.events) == ROWS
