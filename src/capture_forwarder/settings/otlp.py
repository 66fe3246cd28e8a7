"""What a publisher of traces needs to know: any backend that takes OTLP over HTTP."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from capture_forwarder.core.mlflow_arn import check_mlflow_arn, managed_mlflow
from capture_forwarder.settings.addresses import Address, PartnerAppArn
from capture_forwarder.settings.base import HttpSettings, Text, missing, spellings
from capture_forwarder.settings.entries import Headers, headers_of

MlflowArn = Annotated[str, AfterValidator(check_mlflow_arn)]

_NEEDS: Mapping[str, str] = {
    "mlflow": "experiment_id",
    "fiddler": "application_id",
    "arthur": "task_id",
}
_ONLY: Mapping[str, str] = {
    "experiment_id": "mlflow",
    "mlflow_arn": "mlflow",
    "project": "phoenix",
    "application_id": "fiddler",
    "partner_app_arn": "fiddler",
    "task_id": "arthur",
}
TAKE_LABELS = ("mlflow", "phoenix")
"""The backends that take labels."""

_WITH_TOKEN = frozenset({"fiddler", "arthur"})


class OtlpSettings(HttpSettings):
    """Traces of a language model in any OpenTelemetry backend."""

    secrets: ClassVar[tuple[str, ...]] = ("token",)
    may_do_without_secret: ClassVar[bool] = True
    addresses: ClassVar[tuple[str, ...]] = ("url",)

    type: Literal["otlp"]
    backend: Literal["collector", "mlflow", "phoenix", "fiddler", "arthur"] = Field(
        "collector", description="which backend it is"
    )
    url: Address | None = Field(None, description="the address of the backend")
    path: str | None = Field(
        None, pattern=r"^/[!-~]*$", description="where it takes traces, behind the address"
    )
    token: SecretStr | None = Field(None, description="the API key, where one is asked for")
    token_secret_arn: Text | None = Field(None, description="its secret in Secrets Manager")
    token_parameter: Text | None = Field(None, description="its parameter in Systems Manager")
    token_header: str = Field(
        "Authorization", pattern=r"^[A-Za-z0-9-]+$", description="the header of the token"
    )
    headers: Headers = Field((), description="further headers, as name: value; no secrets")
    experiment_id: str | None = Field(
        None, pattern=r"^[0-9]+$", description="the experiment's id (mlflow)"
    )
    mlflow_arn: MlflowArn | None = Field(
        None, description="the ARN of SageMaker's managed MLflow (experimental)"
    )
    project: Text | None = Field(None, description="the project's name (phoenix)")
    application_id: UUID | None = Field(None, description="the application's id (fiddler)")
    partner_app_arn: PartnerAppArn | None = Field(
        None, description="the ARN of the SageMaker partner app that Fiddler runs as"
    )
    task_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]+$", description="the task's id (arthur)"
    )
    account: Text | None = Field(None, description="the AWS account, an attribute of all spans")
    region: Text | None = Field(None, description="the AWS region, an attribute of all spans")
    compression: Literal["gzip", "none"] | None = Field(
        None, description="whether requests are zipped"
    )

    @property
    def address(self) -> str:
        """The backend's address."""
        if self.url is None and self.mlflow_arn is not None:
            return managed_mlflow(self.mlflow_arn).url
        return self.url or ""

    @classmethod
    def needed_secrets(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        """Some backends ask for a token, others take one."""
        asked = str(given.get("backend")) in _WITH_TOKEN or any(
            one in given for one in spellings("token")
        )
        return cls.secrets if asked else ()

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Mapping[str, str]:
        """What a backend needs, and what is only for another one."""
        backend = str(given.get("backend", "collector"))
        found = {
            name: f"is only for {owner}"
            for name, owner in _ONLY.items()
            if name in given and backend != owner
        }
        needed = _NEEDS.get(backend)
        if needed is not None and needed not in given:
            found[needed] = missing(cls, needed)
        if "url" not in given and "mlflow_arn" not in given:
            found["url"] = missing(cls, "url")
        signed = "mlflow_arn" if "mlflow_arn" in given else "partner_app_arn"
        if "mlflow_arn" in given and any(one in given for one in spellings("token")):
            found[signed] = "is set beside a token; requests to it are signed instead"
        header = str(given.get("token_header", "Authorization")).lower()
        if header in {name.lower() for name in headers_of(given.get("headers", ()))}:
            found["headers"] = f"must not have {header}; give its value as the token, a secret"
        return {**super().conflicts(given), **found}
