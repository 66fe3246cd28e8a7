"""Botocore's data in the Lambda package: all of what the function calls, and no more."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import boto3
import botocore
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape
from botocore.session import Session
from moto import mock_aws

from capture_forwarder.aws import clients
from capture_forwarder.aws.announcing import SqsAnnouncing
from capture_forwarder.aws.listing import list_objects
from capture_forwarder.aws.pages import S3Pages
from lambda_package.aws_data import FORWARDER_OPERATIONS, UNDATED, keep_called

AWS = Path(clients.__file__).parent
# Only the command imports these.
OF_THE_COMMAND = frozenset({"quarantine_files.py", "queues.py"})
INSTALLED = Path(botocore.__file__).parent / "data"
NOT_CALLED = ("account", "sso")
WHOLE = Loader(include_default_extras=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build makes of the installed botocore's data, of which a part is enough here."""
    folder = tmp_path_factory.mktemp("botocore") / "data"
    folder.mkdir()
    for path in INSTALLED.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    for service in (*FORWARDER_OPERATIONS, *NOT_CALLED):
        shutil.copytree(INSTALLED / service, folder / service)
    keep_called(folder, FORWARDER_OPERATIONS)
    return folder


@pytest.fixture(scope="module")
def loader(data: Path) -> Loader:
    return Loader([str(data)], include_default_search_paths=False, include_default_extras=False)


@pytest.fixture
def session(loader: Loader) -> Session:
    made = botocore.session.get_session()
    made.register_component("data_loader", loader)
    return made


def operations(loader: Loader, service: str) -> dict[str, OperationModel]:
    """The operations of a service's client by their names."""
    model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    return {name: model.operation_model(name) for name in model.operation_names}


def shapes(*start: Shape | None) -> dict[str, Shape]:
    """These and all that they consist of, by name."""
    found: dict[str, Shape] = {}
    left: list[Any] = list(start)
    while left:
        shape = left.pop()
        if shape is not None and shape.name not in found:
            found[shape.name] = shape
            left += getattr(shape, "members", {}).values()
            left += [getattr(shape, part, None) for part in ("member", "key", "value")]
    return found


def without_dates(members: dict[str, Shape]) -> set[str]:
    return {name for name, member in members.items() if member.type_name != "timestamp"}


def test_only_the_services_that_are_called_are_left(data: Path) -> None:
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(FORWARDER_OPERATIONS)


def test_whatever_the_function_calls_is_left() -> None:
    named = {
        xform_name(name): name
        for service in FORWARDER_OPERATIONS
        for name in WHOLE.load_service_model(service, "service-2")["operations"]
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
    assert called <= {name for names in FORWARDER_OPERATIONS.values() for name in names}


@pytest.mark.parametrize("service", FORWARDER_OPERATIONS)
def test_an_operation_has_all_that_its_calls_and_answers_can_hold(
    loader: Loader, service: str
) -> None:
    ours, theirs = operations(loader, service), operations(WHOLE, service)
    assert list(ours) == list(FORWARDER_OPERATIONS[service])
    for name, operation in ours.items():
        whole = theirs[name]
        assert operation.http == whole.http
        assert [one.name for one in operation.error_shapes] == [
            one.name for one in whole.error_shapes
        ]
        undated = shapes(operation.output_shape) if name in UNDATED else {}
        parts = shapes(operation.input_shape, operation.output_shape, *operation.error_shapes)
        known = shapes(whole.input_shape, whole.output_shape, *whole.error_shapes)
        for shape in parts.values():
            members: dict[str, Shape] = getattr(known[shape.name], "members", {})
            expected = without_dates(members) if shape.name in undated else set(members)
            assert shape.type_name == known[shape.name].type_name
            assert set(getattr(shape, "members", {})) == expected


def test_the_endpoints_are_those_of_the_services_that_are_called(loader: Loader) -> None:
    models = [WHOLE.load_service_model(service, "service-2") for service in FORWARDER_OPERATIONS]
    called = {model["metadata"]["endpointPrefix"] for model in models}
    whole = WHOLE.load_data("endpoints")
    for partition in whole["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in called}
    assert loader.load_data("endpoints") == whole
    assert {"s3", "dynamodb"} <= set(whole["partitions"][0]["services"])


@pytest.mark.parametrize("service", FORWARDER_OPERATIONS)
def test_the_rules_of_endpoints_are_botocores_own(loader: Loader, service: str) -> None:
    kind = "endpoint-rule-set-1"
    assert loader.load_service_model(service, kind) == WHOLE.load_service_model(service, kind)


def test_what_all_services_share_is_botocores_own(loader: Loader) -> None:
    for name in ("partitions", "sdk-default-configuration", "_retry"):
        assert loader.load_data(name) == WHOLE.load_data(name)


def test_nothing_has_to_be_unzipped_when_the_function_starts(data: Path) -> None:
    assert not list(data.rglob("*.gz"))


@mock_aws
def test_clients_made_of_it_speak_with_aws(session: Session) -> None:
    s3: Any = session.create_client("s3", region_name="us-east-1")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="captures")
    s3.put_object(Bucket="captures", Key="a b", Body=b"line\n")
    answer = s3.get_object(Bucket="captures", Key="a b", Range="bytes=1-")
    assert answer["Body"].read() == b"ine\n"
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="captures", Key="none")
    (found,) = list_objects(lambda: s3, "captures", "a b")
    assert (found.capture_file.key, found.size) == ("a b", 5)
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"


@mock_aws
def test_files_are_listed_and_announced_with_it(session: Session) -> None:
    s3: Any = session.create_client("s3", region_name="us-east-1")
    sqs: Any = session.create_client("sqs", region_name="us-east-1")
    whole: Any = boto3.client("sqs", region_name="us-east-1")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="captures")
    url = whole.create_queue(QueueName="own")["QueueUrl"]
    for key in ("a/b/1", "a/c/2", "a/3"):
        s3.put_object(Bucket="captures", Key=key, Body=b"line\n")
    pages, queue = S3Pages(lambda: s3), SqsAnnouncing(lambda: sqs, url)

    page = pages.page("captures", "a/", folders=True)
    refused = queue.send(["first", "second"])
    queue.leave("third", 0)

    assert ([file.key for file in page.files], page.folders) == (["a/3"], ("a/b/", "a/c/"))
    assert [file.key for file in pages.page("captures", "a/", after="a/3").files] == [
        "a/b/1",
        "a/c/2",
    ]
    assert (list(refused), queue.depth()) == ([], 3)


def test_another_service_is_as_unknown_as_one_that_does_not_exist(session: Session) -> None:
    with pytest.raises(UnknownServiceError):
        session.create_client("account", region_name="us-east-1")


def test_a_profile_may_take_on_a_role(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile own]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = not-a-secret\n"
        "[profile role]\nsource_profile = own\nrole_arn = arn:aws:iam::123456789012:role/reader\n"
    )
    with mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_PROFILE", "role")
        credentials = session.get_credentials()
        assert credentials is not None
        assert credentials.get_frozen_credentials().token
        monkeypatch.undo()
