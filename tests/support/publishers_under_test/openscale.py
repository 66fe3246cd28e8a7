"""Watson OpenScale under test: both versions of its API, and both ways to get a token."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.faults import Answer
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import Cause, OverHttp, answers

_PAGE = Answer(b"<!doctype html>", content_type="text/html", status=202)


class OpenScale(OverHttp):
    """Today's API on IBM Cloud: records of a data set."""

    name = PublisherName.OPENSCALE
    secret = "OPENSCALE_API_KEY"  # noqa: S105 - the variable's name
    says = "The records are not valid"
    server: OpenScaleServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(_202_with_HTML=_PAGE, another_success=Answer(b"{}", status=200)),
    }

    def __init__(self, folder: Path, aws: AwsFaults) -> None:
        super().__init__(folder, aws)
        self.server = self.make_server()

    def make_server(self) -> OpenScaleServer:
        """The platform."""
        return OpenScaleServer()

    def own_variables(self, url: str) -> dict[str, str]:
        url = url or self.server.url
        return {
            "OPENSCALE_URL": url,
            "OPENSCALE_IAM_URL": f"{url}/identity/token",
            "OPENSCALE_SERVICE_INSTANCE_ID": ACCOUNT.service_instance_id,
            "OPENSCALE_DATA_SET_ID": ACCOUNT.data_set_id,
        }

    @property
    def stored(self) -> list[tuple[str, Row]]:
        with self.server.lock:
            records = tuple(self.server.records)
        return [(one.scoring_id, {**one.request, **one.response}) for one in records]

    @property
    def credential(self) -> str:
        return self.server.account.api_key

    def expire(self) -> None:
        key = f"{ACCOUNT.api_key}-{len(self.server.requests)}"
        self.server.account = dataclasses.replace(self.server.account, api_key=key)
        self.server.revoke()


class OpenScaleConfirmed(OpenScale):
    """Records whose storing is waited for, where the data set has to be found first."""

    says = "The records could not be stored"
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OpenScale.unavailable,
        **answers(no_word_of_the_outcome=Answer(b"{}", status=202)),
        "no outcome, stored": lambda here: here.delay_outcomes(),
    }

    def own_variables(self, url: str) -> dict[str, str]:
        variables = super().own_variables(url)
        del variables["OPENSCALE_DATA_SET_ID"]
        subscription = {"OPENSCALE_SUBSCRIPTION_ID": ACCOUNT.subscription_id}
        return {**variables, **subscription, "OPENSCALE_CONFIRM": "true"}

    def refuse(self, refused: Callable[[str], bool], status: int) -> None:
        del status  # it was 202
        self.server.fail_later_ids(refused)

    def delay_outcomes(self) -> None:
        self.server.polls_until_done = 10**9

    def mend(self) -> None:
        super().mend()
        self.server.polls_until_done = 0


class OpenScaleOnCloudPak(OpenScale):
    """Records on a Cloud Pak for Data, which is logged in to by a password."""

    secret = "OPENSCALE_PASSWORD"  # noqa: S105 - the variable's name

    def own_variables(self, url: str) -> dict[str, str]:
        variables = super().own_variables(url)
        del variables["OPENSCALE_IAM_URL"]
        login = {"OPENSCALE_AUTH": "cloud-pak", "OPENSCALE_USERNAME": ACCOUNT.username}
        return {**variables, **login}

    @property
    def credential(self) -> str:
        return self.server.account.password

    def expire(self) -> None:
        password = f"{ACCOUNT.password}-{len(self.server.requests)}"
        self.server.account = dataclasses.replace(self.server.account, password=password)
        self.server.revoke()


class OpenScaleV1(OpenScale):
    """The older API: scoring payloads of a data mart."""

    def own_variables(self, url: str) -> dict[str, str]:
        url = url or self.server.url
        return {
            "OPENSCALE_API": "v1",
            "OPENSCALE_URL": url,
            "OPENSCALE_IAM_URL": f"{url}/identity/token",
            "OPENSCALE_DATA_MART_ID": ACCOUNT.data_mart_id,
            "OPENSCALE_BINDING_ID": ACCOUNT.binding_id,
            "OPENSCALE_SUBSCRIPTION_ID": ACCOUNT.subscription_id,
            "OPENSCALE_DEPLOYMENT_ID": ACCOUNT.deployment_id,
        }
