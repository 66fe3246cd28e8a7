"""The template, deployed on moto's CloudFormation.

moto lacks some types of resources. They are left out; what the checks look at of them, alarms and
the queue's policy, is made by hand.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.support.template_values import TEMPLATE

STACK = "capture-forwarder"
CAPTURES = "captures"
_CODE = "code-of-the-function"
_NOT_IN_MOTO = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
_DEFAULTS = {
    "CaptureBucket": CAPTURES,
    "CapturePrefix": "datacapture/",
    "FilesPlace": "s3://rows/out",
    "InputColumns": "age,income",
    "OutputColumns": "score",
}


def deploy(**parameters: str) -> dict[str, str]:
    """Deploy the template as the stack `capture-forwarder`; files go to S3 unless told otherwise.

    Returns
    -------
    dict
        Logical id → physical id.
    """
    given = _DEFAULTS | parameters
    s3 = boto3.client("s3")
    for bucket in (_CODE, *given["CaptureBucket"].split(",")):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=_CODE, Key="code.zip", Body=_zip())
    cloudformation: Any = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(_translated()),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
        ],
    )
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    resources = {
        found["LogicalResourceId"]: found.get("PhysicalResourceId", "")
        for page in pages
        for found in page["StackResourceSummaries"]
    }
    _let_the_rule_send(resources)
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{STACK}-dead-letters",
        AlarmActions=["arn:aws:sns:us-east-1:123456789012:told"],
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
    )
    return resources


def queue_arn(url: str) -> str:
    """The ARN of a queue."""
    sqs: Any = boto3.client("sqs")
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _let_the_rule_send(resources: Mapping[str, str]) -> None:
    rule = boto3.client("events").describe_rule(Name=resources["CaptureRule"])["Arn"]
    sqs: Any = boto3.client("sqs")
    for name in ("CaptureQueue", "DeadLetterQueue"):
        url = resources[name]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn(url),
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handler.py", "")
    return data.getvalue()


@cache
def _translated() -> dict[str, Any]:
    """The template as CloudFormation gets it, without what moto lacks."""
    template = copy.deepcopy(TEMPLATE)
    function = template["Resources"]["ForwarderFunction"]
    function["Properties"]["CodeUri"] = {"Bucket": _CODE, "Key": "code.zip"}
    function.pop("Metadata", None)
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    made: dict[str, Any] = json.loads(json.dumps(translator.translate(template, {})))
    left_out = {name for name, one in made["Resources"].items() if one["Type"] in _NOT_IN_MOTO}
    made["Resources"] = {
        name: one for name, one in made["Resources"].items() if name not in left_out
    }
    made["Outputs"] = {
        name: one
        for name, one in made.get("Outputs", {}).items()
        if one["Value"].get("Ref") not in left_out
    }
    return made
