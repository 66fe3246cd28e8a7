"""Platforms under test that take labels in place of inferences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from capture_forwarder.settings import ONLY_ROUTE
from tests.support.platforms.arthur_labels import ArthurLabelServer
from tests.support.platforms.faults import CUT_JSON, GARBAGE_JSON, Answer
from tests.support.platforms.fiddler import Model
from tests.support.platforms.fiddler_labels import FiddlerLabelServer
from tests.support.platforms.openscale import ACCOUNT
from tests.support.platforms.openscale_labels import OpenScaleLabelServer
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.arthur import Arthur
from tests.support.publishers_under_test.base import PLANTED, Cause, OverHttp, answers
from tests.support.publishers_under_test.fiddler import Fiddler
from tests.support.publishers_under_test.local import DuckDb, FolderOfFiles, S3OfFiles
from tests.support.publishers_under_test.openscale import OpenScale

LABELS = ("x", "plan", "score")

MODEL = Model.of(
    inputs={"age": "int"},
    outputs={"risk": "float"},
    targets={"x": "int", "plan": "str", "score": "float"},
    metadata={"event_id": "str"},
    event_id_col="event_id",
)


class FiddlerLabels(Fiddler):
    """Fiddler, whose events are updated."""

    labels = LABELS

    server: FiddlerLabelServer

    def make_server(self) -> FiddlerLabelServer:
        return FiddlerLabelServer(MODEL)

    @property
    def stored(self) -> list[tuple[str, Row]]:
        return [(update["event_id"], update) for update in self.server.updates]


class ArthurLabels(Arthur):
    """An Arthur Scope, whose ground truth is updated."""

    labels = LABELS
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(
            other_JSON=GARBAGE_JSON,
            half_a_JSON=CUT_JSON,
            fewer_than_were_sent=Answer(b'{"counts":{},"results":[]}', status=207),
            nothing_at_all=Answer(b"", status=204),
        ),
    }

    server: ArthurLabelServer

    def make_server(self) -> ArthurLabelServer:
        return ArthurLabelServer()

    @property
    def stored(self) -> list[tuple[str, Row]]:
        with self.server.lock:
            updates = tuple(self.server.ground_truth)
        return [(one["partner_inference_id"], one["ground_truth_data"]) for one in updates]


class OpenScaleLabels(OpenScale):
    """Feedback of today's API, whose storing is waited for; the data set has to be found first."""

    labels = ("score",)
    inputs = ("x", "plan")
    says = "The records could not be stored"

    server: OpenScaleLabelServer

    def make_server(self) -> OpenScaleLabelServer:
        return OpenScaleLabelServer(before_id=f"{PLANTED}-")

    def own_variables(self, url: str) -> dict[str, str]:
        variables = super().own_variables(url)
        del variables["OPENSCALE_DATA_SET_ID"]
        return {**variables, "OPENSCALE_SUBSCRIPTION_ID": ACCOUNT.subscription_id}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        with self.server.lock:
            rows = tuple(self.server.feedback)
        return [(str(row["plan"]).removeprefix(f"{PLANTED}-"), row) for row in rows]

    def refuse(self, refused: Callable[[str], bool], status: int) -> None:
        del status  # it was 202
        self.server.fail_later_ids(refused)

    def delay_outcomes(self) -> None:
        self.server.polls_until_done = 10**9

    def mend(self) -> None:
        super().mend()
        self.server.polls_until_done = 0


class OpenScaleLabelsV1(OpenScaleLabels):
    """Feedback of the older API."""

    says = "The records are not valid"

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

    def refuse(self, refused: Callable[[str], bool], status: int) -> None:
        self.server.refuse_ids(refused, status)


class DuckDbLabels(DuckDb):
    """The table of labels in a database file."""

    labels = LABELS
    table = f"{ONLY_ROUTE}_labels"


class FolderOfLabels(FolderOfFiles):
    """Files of labels in a folder."""

    labels = LABELS


class S3OfLabels(S3OfFiles):
    """Files of labels in S3."""

    labels = LABELS
