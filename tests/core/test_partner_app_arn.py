"""The ARN of a SageMaker partner app is told from others."""

from __future__ import annotations

import pytest

from capture_forwarder.core.partner_app_arn import check_partner_app_arn, partner_app_region

ARN = "arn:aws:sagemaker:eu-west-3:123456789012:partner-app/app-ABCDEF123456"


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:partner-app/app-ABCDEF123456",
        "arn:aws:sagemaker:us-west-2:123456789012:partner-app/Partner/app-678901234567",
    ],
)
def test_the_arn_of_a_partner_app_is_taken(arn: str) -> None:
    assert check_partner_app_arn(arn) == arn


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "app-ABCDEF123456",
        ARN.removesuffix("app-ABCDEF123456"),
        ARN.replace("eu-west-3", ""),
        ARN.replace("partner-app/", "mlflow-app/"),
        ARN.replace("123456789012", "1234"),
        f"{ARN}\nX-Injected: 1",
        f" {ARN}",
    ],
)
def test_any_other_arn_is_refused_with_an_example(arn: str) -> None:
    with pytest.raises(ValueError, match="must be the ARN of a SageMaker partner app, such as arn"):
        check_partner_app_arn(arn)


def test_the_region_is_read_from_it() -> None:
    assert partner_app_region(ARN) == "eu-west-3"
