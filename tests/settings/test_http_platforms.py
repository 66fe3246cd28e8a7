"""Settings of platforms over HTTP: addresses, limits, and what OpenScale's ways to log in need."""

from __future__ import annotations

from typing import Any

import pytest

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import load
from capture_forwarder.settings.addresses import is_plain_http
from capture_forwarder.settings.publishers import FiddlerSettings, OpenScaleSettings
from capture_forwarder.settings.routes_file import parse_routes

COLUMNS = {"FORWARDER_INPUT_COLUMNS": "age", "FORWARDER_OUTPUT_COLUMNS": "score"}
FIDDLER = {
    "FIDDLER_URL": "https://fiddler.example.com",
    "FIDDLER_MODEL_UUID": "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "FIDDLER_TOKEN": "t",
}
AWS = {
    "FORWARDER_PUBLISHER": "openscale",
    "OPENSCALE_AUTH": "mcsp",
    "OPENSCALE_URL": "https://api.us-east-1.aws.governance.ibm.com",
    "OPENSCALE_API_KEY": "k",
    "OPENSCALE_SUBSCRIPTION_ID": "s",
}
CLOUD = {
    "FORWARDER_PUBLISHER": "openscale",
    "OPENSCALE_API_KEY": "k",
    "OPENSCALE_SERVICE_INSTANCE_ID": "i",
    "OPENSCALE_SUBSCRIPTION_ID": "s",
}


def platform(variables: dict[str, str]) -> Any:
    settings = load({**COLUMNS, **variables})
    assert settings.route is not None
    return settings.route.publisher


def problems(variables: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load({**COLUMNS, **variables})
    return caught.value.problems


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://fiddler.example.com", True),
        ("http://10.0.0.7:8080", True),
        ("http://localhost.example.com", True),
        ("https://fiddler.example.com", False),
        ("http://127.0.0.1:8080", False),
        ("http://127.9.9.9", False),
        ("http://[::1]:8080", False),
        ("http://localhost:8080", False),
        ("http://[", False),
        ("fiddler", False),
    ],
)
def test_only_this_machine_itself_may_be_talked_to_in_the_clear(
    address: str, expected: bool
) -> None:
    assert is_plain_http(address) is expected


@pytest.mark.parametrize("allowed", ["true", "1", "Yes"])
def test_plain_http_is_refused_unless_it_is_allowed(allowed: str) -> None:
    plain = {**FIDDLER, "FIDDLER_URL": "http://fiddler.internal"}

    (problem,) = problems(plain)

    assert problem.startswith("FIDDLER_URL: is http://")
    assert "plain_http" in problem
    assert problems({**plain, "FIDDLER_PLAIN_HTTP": "false"}) == (problem,)
    assert platform({**plain, "FIDDLER_PLAIN_HTTP": allowed}).url == "http://fiddler.internal"


def test_a_routes_file_sends_no_secret_in_the_clear_either() -> None:
    text = """
    routes:
      - mapping: {inputs: age, outputs: score}
        publisher:
          type: openscale
          url: http://openscale.internal
          iam_url: http://iam.internal
          api_key: k
          service_instance_id: i
          data_set_id: d
    """
    with pytest.raises(SettingsError) as caught:
        parse_routes(text, "routes.yaml")

    assert [one.split(":")[1].strip() for one in caught.value.problems] == [
        "routes[0].publisher.url",
        "routes[0].publisher.iam_url",
    ]
    (route,) = parse_routes(f"{text}      plain_http: true\n", "routes.yaml")
    assert isinstance(route.publisher, OpenScaleSettings)


def test_a_request_may_be_given_its_own_limits_within_the_platforms() -> None:
    own = platform({**FIDDLER, "FIDDLER_BATCH_ROWS": "200", "FIDDLER_BATCH_BYTES": "100000"})

    assert isinstance(own, FiddlerSettings)
    assert (own.batch_rows, own.batch_bytes) == (200, 100_000)
    assert "FIDDLER_BATCH_ROWS" in problems({**FIDDLER, "FIDDLER_BATCH_ROWS": "1001"})[0]
    assert "FIDDLER_BATCH_ROWS" in problems({**FIDDLER, "FIDDLER_BATCH_ROWS": "0"})[0]


def test_a_time_unit_is_one_of_two() -> None:
    assert platform({**FIDDLER, "FIDDLER_TIME_UNIT": "seconds"}).time_unit == "seconds"
    assert "FIDDLER_TIME_UNIT" in problems({**FIDDLER, "FIDDLER_TIME_UNIT": "hours"})[0]


def test_storing_is_waited_for_unless_settings_say_otherwise() -> None:
    assert platform(CLOUD).confirm is True
    assert platform({**CLOUD, "OPENSCALE_CONFIRM": "false"}).confirm is False


def test_aws_needs_an_address_and_no_instance() -> None:
    assert platform(AWS).service_instance_id is None
    assert platform({**AWS, "OPENSCALE_ACCOUNT_ID": "a"}).account_id == "a"
    without = {name: value for name, value in AWS.items() if name != "OPENSCALE_URL"}
    assert any(one.startswith("OPENSCALE_URL: missing") for one in problems(without))


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({**CLOUD, "OPENSCALE_ACCOUNT_ID": "a"}, "OPENSCALE_ACCOUNT_ID: is only for mcsp"),
        ({**AWS, "OPENSCALE_USERNAME": "u"}, "OPENSCALE_USERNAME: is only for cloud-pak"),
        ({**AWS, "OPENSCALE_PASSWORD": "p"}, "OPENSCALE_PASSWORD: is only for cloud-pak"),
        (
            {**CLOUD, "OPENSCALE_API": "v1", "OPENSCALE_PROJECT_ID": "p"},
            "OPENSCALE_PROJECT_ID: is only for v2",
        ),
        (
            {**CLOUD, "OPENSCALE_API": "v1", "OPENSCALE_CONFIRM": "true"},
            "OPENSCALE_CONFIRM: is only for v2",
        ),
    ],
)
def test_what_another_api_or_login_has_no_use_for_is_a_mistake(
    variables: dict[str, str], problem: str
) -> None:
    assert problem in problems(variables)
