"""The backends that are known by name: where they take spans, and what they ask for besides.

Sources: MLflow 3 (`otel_api.py`), Arize Phoenix (`v1/traces.py`), fiddler-otel 1.4.1, Arthur's
engine (`trace_api_routes.py`, which does not unzip bodies).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec

BackendName = Literal["collector", "mlflow", "phoenix", "fiddler", "arthur"]

_TRACES = "/v1/traces"


class Check(msgspec.Struct, frozen=True):
    """A question that is asked before anything is sent, since spans may be lost in silence.

    Parameters
    ----------
    path
        What to get.
    what
        What is missing if there is no such thing.
    advice
        What to do then.
    """

    path: str
    what: str
    advice: str


class Backend(msgspec.Struct, frozen=True):
    """What sending spans to a backend takes.

    Parameters
    ----------
    title
        What messages call it.
    path
        Where it takes spans, behind its address.
    headers
        Sent with each request.
    resource
        Attributes of the resource that its spans come from.
    zip
        Whether it takes zipped bodies.
    check
        What has to be there before spans are sent.
    """

    title: str
    path: str = _TRACES
    headers: Mapping[str, str] = {}
    resource: Mapping[str, str] = {}
    zip: bool = True
    check: Check | None = None


class Targets(msgspec.Struct, frozen=True):
    """What spans belong to within a backend, as settings give it; None where they do not."""

    experiment_id: str | None = None
    project: str | None = None
    application_id: str | None = None
    task_id: str | None = None


def backend_of(name: BackendName, targets: Targets) -> Backend:
    """Describe a backend.

    Parameters
    ----------
    name
        Which.
    targets
        The experiment, project, application or task that the spans belong to.
    """
    make = {
        "collector": _collector,
        "mlflow": _mlflow,
        "phoenix": _phoenix,
        "fiddler": _fiddler,
        "arthur": _arthur,
    }[name]
    return make(targets)


def _collector(targets: Targets) -> Backend:
    del targets
    return Backend("The collector")


def _mlflow(targets: Targets) -> Backend:
    experiment = quote(targets.experiment_id or "", safe="")
    check = Check(
        f"/api/2.0/mlflow/experiments/get?experiment_id={experiment}",
        f"experiment {experiment}",
        "MLflow would take its spans and lose them: create it, or correct OTLP_EXPERIMENT_ID.",
    )
    return Backend("MLflow", headers={"x-mlflow-experiment-id": experiment}, check=check)


def _phoenix(targets: Targets) -> Backend:
    # A project that is not there is made by its first span.
    project = targets.project
    return Backend("Phoenix", resource={"openinference.project.name": project} if project else {})


def _fiddler(targets: Targets) -> Backend:
    application = targets.application_id or ""
    return Backend(
        "Fiddler",
        headers={"fiddler-application-id": application},
        resource={"application.id": application},
    )


def _arthur(targets: Targets) -> Backend:
    task = quote(targets.task_id or "", safe="")
    check = Check(f"/api/v2/tasks/{task}", f"task {task}", "Create it, or correct OTLP_TASK_ID.")
    return Backend(
        "Arthur", "/api/v1/traces", resource={"arthur.task": task}, zip=False, check=check
    )
