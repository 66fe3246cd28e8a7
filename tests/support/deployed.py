"""template.yaml and its nested templates, deployed on moto's CloudFormation.

The templates go the way that `sam build` and `sam deploy` take: SAM's own transformation, and the
nested templates as objects in S3.
"""

from __future__ import annotations

import ast
import copy
import io
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.support.moto_resources import complete_cloudformation, without_nothing
from tests.support.template_values import TEMPLATE, read

STACK = "capture-forwarder"
CAPTURES = "captures"
SETTINGS = "forwarder-settings"
ROUTES = "routes:\n- name: captures\n  mapping: {inputs: 'age,income', outputs: score}\n"
ROUTES += "  publisher: {type: files, place: s3://rows/out}\n"
_CODE = "code-of-the-function"
_TO_FILES = {
    "CaptureBucket": CAPTURES,
    "CapturePrefix": "datacapture/",
    "RoutesFile": f"s3://{SETTINGS}/routes.yaml",
    "FilesPlace": "s3://rows/out",
}


def deploy(routes: str = ROUTES, **parameters: str) -> dict[str, str]:
    """Deploy the templates as the stack `capture-forwarder`, by a routes file to files in S3.

    Parameters
    ----------
    routes
        The routes file.
    parameters
        Of the template, beyond those.

    Returns
    -------
    dict
        Logical id → physical id, of the resources of the stack itself.
    """
    return deploy_exactly(_TO_FILES | parameters, routes)


def deploy_exactly(given: Mapping[str, str], routes: str = ROUTES) -> dict[str, str]:
    """Deploy the templates with parameters and the defaults of all others; see `deploy`."""
    complete_cloudformation()
    s3: Any = boto3.client("s3")
    for bucket in (_CODE, SETTINGS, *given["CaptureBucket"].split(",")):
        make_bucket(bucket)
    s3.put_object(Bucket=SETTINGS, Key="routes.yaml", Body=routes.encode())
    s3.put_object(Bucket=_CODE, Key="code.zip", Body=_zip())
    for path in _nested():
        s3.put_object(Bucket=_CODE, Key=path, Body=_packaged(path))
    s3.put_object(Bucket=_CODE, Key="template", Body=_translated())
    cloudformation: Any = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"https://s3.amazonaws.com/{_CODE}/template",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
        ],
    )
    return resources_of(STACK)


def make_bucket(name: str) -> None:
    """Make a bucket in the region of the environment."""
    s3: Any = boto3.client("s3")
    region = s3.meta.region_name
    there = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else there))


def resources_of(stack: str) -> dict[str, str]:
    """The resources of a stack: logical id → physical id."""
    cloudformation: Any = boto3.client("cloudformation")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        found["LogicalResourceId"]: found.get("PhysicalResourceId", "")
        for page in pages
        for found in page["StackResourceSummaries"]
    }


def outputs_of(stack: str) -> dict[str, str]:
    """The outputs of a stack: name → value."""
    cloudformation: Any = boto3.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


def queue_arn(url: str) -> str:
    """The ARN of a queue."""
    sqs: Any = boto3.client("sqs")
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def role_statements(role: str) -> list[dict[str, Any]]:
    """What a role's own policy states."""
    iam: Any = boto3.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # What CloudFormation made, moto keeps as Python's text for it.
    document = ast.literal_eval(kept) if isinstance(kept, str) else kept
    statements: list[dict[str, Any]] = without_nothing(document)["Statement"]
    return statements


def keep_statements(role: str, names: Collection[str]) -> None:
    """Leave a role only some statements, in a form that moto understands.

    Of S3 it looks at objects, of all others only at actions; and it has no conditions.
    """
    kept = []
    for one in role_statements(role):
        if one["Sid"] in names:
            actions = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
            of_s3 = all(action.startswith("s3:") for action in actions)
            known = {"Sid", "Effect", "Action"} | ({"Resource"} if of_s3 else set())
            kept.append({"Resource": "*"} | {name: one[name] for name in known})
    iam: Any = boto3.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = json.dumps({"Version": "2012-10-17", "Statement": kept})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def _zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handler.py", "")
    return data.getvalue()


@cache
def _packaged(path: str) -> bytes:
    """A nested template as `sam package` writes it: with its functions' code in S3."""
    template = copy.deepcopy(read(path))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": _CODE, "S3Key": "code.zip"}
            resource.pop("Metadata", None)
    return json.dumps(template).encode()


def _nested() -> Sequence[str]:
    """The nested templates, as paths in the repository."""
    resources = TEMPLATE["Resources"].values()
    stacks = [one for one in resources if one["Type"] == "AWS::CloudFormation::Stack"]
    return [one["Properties"]["TemplateURL"] for one in stacks]


@cache
def _translated() -> bytes:
    """The template as CloudFormation gets it."""
    template = copy.deepcopy(TEMPLATE)
    function = template["Resources"]["ForwarderFunction"]
    function["Properties"]["CodeUri"] = {"Bucket": _CODE, "Key": "code.zip"}
    function.pop("Metadata", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudFormation::Stack":
            path = resource["Properties"]["TemplateURL"]
            resource["Properties"]["TemplateURL"] = f"https://s3.amazonaws.com/{_CODE}/{path}"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return json.dumps(translator.translate(template, {})).encode()
