"""What the ARN of a managed MLflow in SageMaker says of it; needs no AWS client.

Source: sagemaker-mlflow 0.5.0, `mlflow_sagemaker_helpers.py` and `auth.py`.
"""

from __future__ import annotations

import re

import msgspec

_ARN = re.compile(
    r"arn:(?:aws|aws-us-gov):sagemaker:([a-z0-9-]+):[0-9]{12}:(mlflow-app|mlflow-tracking-server)/[!-~]+"
)


class ManagedMlflow(msgspec.Struct, frozen=True):
    """How a managed MLflow is called.

    Parameters
    ----------
    url
        Its address.
    header
        The header that names it by its ARN.
    service, region
        What requests to it are signed for.
    """

    url: str
    header: str
    service: str
    region: str


def managed_mlflow(arn: str) -> ManagedMlflow:
    """Tell how a managed MLflow is called: an app, or a tracking server.

    Raises
    ------
    ValueError
        The ARN is of neither; the message says what one looks like.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise ValueError(
            "must be the ARN of an MLflow app or tracking server, such as "
            "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/app-ABCDEF123456"
        )
    region, kind = found.groups()
    if kind == "mlflow-app":
        url = f"https://mlflow.sagemaker.{region}.app.aws"
        return ManagedMlflow(url, "x-sm-mlflow-app-arn", "sagemaker", region)
    url = f"https://{region}.experiments.sagemaker.aws"
    return ManagedMlflow(url, "x-mlflow-sm-tracking-server-arn", "sagemaker-mlflow", region)


def check_mlflow_arn(arn: str) -> str:
    """Return the ARN as it stands if it names a managed MLflow; raises as `managed_mlflow`."""
    managed_mlflow(arn)
    return arn
