"""The models that the Lambda package carries: botocore's own, of what the function uses."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from moto import mock_aws

from capture_forwarder.aws import models
from capture_forwarder.aws.models import SERVICES, QuickLoader
from lambda_package.trim_models import FOLDER, OPERATIONS, UNDATED, place, trimmed

AWS = Path(models.__file__).parent
# Only the command imports these.
OF_THE_COMMAND = frozenset({"listing.py", "quarantine_files.py", "queues.py"})


def loader() -> QuickLoader:
    return QuickLoader(FOLDER)


@pytest.mark.parametrize("service", OPERATIONS)
def test_a_model_is_the_part_of_the_installed_botocores(service: str) -> None:
    version, model = trimmed(service)
    stands = json.loads(place(service, version).read_text(encoding="utf-8"))
    assert stands == model, "run `python lambda_package/trim_models.py`"


def test_there_is_one_for_each_service_and_nothing_else() -> None:
    assert set(OPERATIONS) == set(SERVICES)
    there = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert there == {place(service, trimmed(service)[0]) for service in OPERATIONS}


def test_whatever_the_function_calls_is_in_them() -> None:
    named = {
        xform_name(name): name
        for service in OPERATIONS
        for name in Loader().load_service_model(service, "service-2")["operations"]
    }
    modules = [path for path in AWS.glob("*.py") if path.name not in OF_THE_COMMAND]
    called = {
        named[node.func.attr]
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in named
    }
    assert {"GetObject", "PutObject", "SendMessage", "UpdateItem"} <= called
    assert called <= {name for names in OPERATIONS.values() for name in names}


@pytest.mark.parametrize("service", OPERATIONS)
def test_an_operation_has_all_that_its_calls_and_answers_can_hold(service: str) -> None:
    model = ServiceModel(loader().load_service_model(service, "service-2"), service)
    whole = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    assert model.operation_names == list(OPERATIONS[service])
    known: set[str] = set()
    for name in model.operation_names:
        ours, theirs = model.operation_model(name), whole.operation_model(name)
        assert [one.name for one in ours.error_shapes] == [one.name for one in theirs.error_shapes]
        left = [ours.input_shape, ours.output_shape, *ours.error_shapes]
        while left:
            shape = left.pop()
            if shape is not None and shape.name not in known:
                known.add(shape.name)
                assert shape.type_name == whole.shape_for(shape.name).type_name
                left += getattr(shape, "members", {}).values()
                left += [getattr(shape, part, None) for part in ("member", "key", "value")]
    # One comes with what botocore adds to a model, whatever it holds.
    assert known | {"Expires"} == set(model.shape_names) | {"Expires"}


def test_only_the_answers_that_nobody_reads_a_date_of_have_none() -> None:
    undated = set()
    for service in OPERATIONS:
        model = ServiceModel(loader().load_service_model(service, "service-2"), service)
        whole = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        undated |= {
            name
            for name in model.operation_names
            if dates(whole.operation_model(name)) and not dates(model.operation_model(name))
        }
    assert undated == set(UNDATED)


def dates(operation: OperationModel) -> set[str]:
    """The dates that an answer can hold, but the one that botocore adds to every model."""
    known: dict[str, str] = {}
    left = [operation.output_shape]
    while left:
        shape = left.pop()
        if shape is not None and shape.name not in known:
            known[shape.name] = shape.type_name
            left += getattr(shape, "members", {}).values()
            left += [getattr(shape, part, None) for part in ("member", "key", "value")]
    return {name for name, kind in known.items() if kind == "timestamp"} - {"Expires"}


@mock_aws
def test_clients_made_of_them_speak_with_aws() -> None:
    session = botocore.session.get_session()
    session.register_component("data_loader", loader())
    s3 = session.create_client("s3", region_name="us-east-1")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="captures")
    s3.put_object(Bucket="captures", Key="a b", Body=b"line\n")  # type: ignore[attr-defined]
    answer = s3.get_object(Bucket="captures", Key="a b", Range="bytes=1-")  # type: ignore[attr-defined]
    assert answer["Body"].read() == b"ine\n"
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="captures", Key="none")  # type: ignore[attr-defined]
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"


def test_the_rules_of_endpoints_are_botocores_own() -> None:
    for service in OPERATIONS:
        read = loader().load_service_model(service, "endpoint-rule-set-1")
        assert read == Loader().load_service_model(service, "endpoint-rule-set-1")


def test_a_later_version_of_a_services_api_in_botocore_is_taken(tmp_path: Path) -> None:
    early = tmp_path / "s3" / "2001-01-01" / "service-2.json"
    early.parent.mkdir(parents=True)
    early.write_text("{}")
    model = QuickLoader(tmp_path).load_service_model("s3", "service-2")
    assert model == Loader().load_service_model("s3", "service-2")
