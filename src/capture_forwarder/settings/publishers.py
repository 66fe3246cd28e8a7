"""What each publisher needs to know: one model for each.

Descriptions are read by people in two places: "NAME: missing; set it to ..." and the routes file's
JSON Schema, docs/routes.schema.json.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from capture_forwarder.settings.addresses import (
    Address,
    Origin,
    PartnerAppArn,
    PrefixOrFolder,
)
from capture_forwarder.settings.base import (
    HttpSettings,
    PublisherSettings,
    Text,
    missing,
    spellings,
)
from capture_forwarder.settings.otlp import OtlpSettings

IAM = "https://iam.cloud.ibm.com/identity/token"
MCSP = "https://account-iam.platform.saas.ibm.com"
OPENSCALE = "https://api.aiopenscale.cloud.ibm.com"


class PublisherName(StrEnum):
    """The publishers that a route can name."""

    FIDDLER = "fiddler"
    ARTHUR = "arthur"
    OPENSCALE = "openscale"
    DUCKDB = "duckdb"
    FILES = "files"
    OTLP = "otlp"


class FiddlerSettings(HttpSettings):
    """One model in Fiddler, reached directly or as a SageMaker partner app."""

    secrets: ClassVar[tuple[str, ...]] = ("token",)
    addresses: ClassVar[tuple[str, ...]] = ("url",)

    type: Literal["fiddler"]
    url: Origin = Field(description="the address of your Fiddler instance")
    model_uuid: UUID = Field(description="the model's id")
    token: SecretStr | None = Field(None, description="the API key")
    token_secret_arn: Text | None = Field(None, description="its secret in Secrets Manager")
    token_parameter: Text | None = Field(None, description="its parameter in Systems Manager")
    partner_app_arn: PartnerAppArn | None = Field(
        None, description="the ARN of the SageMaker partner app that Fiddler runs as"
    )
    batch_rows: int | None = Field(None, ge=1, le=1000, description="the most rows a request")
    time_unit: Literal["seconds", "milliseconds"] | None = Field(
        None, description="what a time column of numbers counts since 1970"
    )


class ArthurSettings(HttpSettings):
    """One model in Arthur Scope (v3 API)."""

    secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    addresses: ClassVar[tuple[str, ...]] = ("host",)

    type: Literal["arthur"]
    host: Address = Field(description="the address of your Arthur instance")
    model_id: Text = Field(description="the model's id")
    access_token: SecretStr | None = Field(None, description="a token with raw_data write")
    access_token_secret_arn: Text | None = Field(None, description="its secret")
    access_token_parameter: Text | None = Field(None, description="its parameter")
    organization_id: Text | None = Field(
        None, description="the organisation, where the token belongs to several"
    )


class OpenScaleSettings(HttpSettings):
    """Payload logging of one subscription in IBM Watson OpenScale (watsonx.governance)."""

    secrets: ClassVar[tuple[str, ...]] = ("api_key", "password")
    addresses: ClassVar[tuple[str, ...]] = ("url", "iam_url", "mcsp_url")

    type: Literal["openscale"]
    api: Literal["v2", "v1"] = Field("v2", description="v2 data set records or v1 payloads")
    url: Address = Field(OPENSCALE, description="the address of the service or of Cloud Pak")
    auth: Literal["iam", "cloud-pak", "mcsp"] = Field(
        "iam", description="IBM Cloud, Cloud Pak for Data, or watsonx.governance on AWS"
    )
    iam_url: Address = Field(IAM, description="where IBM Cloud's tokens come from")
    mcsp_url: Address = Field(MCSP, description="where tokens on AWS come from")
    account_id: Text | None = Field(None, description="the account on AWS (mcsp)")
    username: Text | None = Field(None, description="the user of Cloud Pak for Data")
    api_key: SecretStr | None = Field(None, description="the API key")
    api_key_secret_arn: Text | None = Field(None, description="its secret")
    api_key_parameter: Text | None = Field(None, description="its parameter")
    password: SecretStr | None = Field(None, description="or, for Cloud Pak, the user's password")
    password_secret_arn: Text | None = Field(None, description="its secret")
    password_parameter: Text | None = Field(None, description="its parameter")
    service_instance_id: Text | None = Field(None, description="the service instance's id (v2)")
    data_set_id: Text | None = Field(None, description="the payload data set's id (v2)")
    data_mart_id: Text | None = Field(None, description="the data mart's id (v1)")
    binding_id: Text | None = Field(None, description="the service provider's id (v1)")
    subscription_id: Text | None = Field(
        None, description="the subscription's id (v1, or v2 in place of data_set_id)"
    )
    deployment_id: Text | None = Field(None, description="the deployment's id (v1)")
    project_id: Text | None = Field(None, description="the project of the subscription (v2)")
    space_id: Text | None = Field(None, description="the space of the subscription (v2)")
    confirm: bool = Field(True, description="wait until the records are stored (v2)")  # noqa: FBT003

    @classmethod
    def needed_secrets(cls, given: Mapping[str, object]) -> tuple[str, ...]:
        """Cloud Pak takes the user's password in place of an API key."""
        password = any(name in given for name in spellings("password"))
        return ("password",) if given.get("auth") == "cloud-pak" and password else ("api_key",)

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Mapping[str, str]:
        """What one of the two APIs, or one way to get a token, needs or cannot use."""
        v1, auth = given.get("api") == "v1", given.get("auth", "iam")
        needed = ["data_mart_id", "binding_id", "subscription_id", "deployment_id"]
        if not v1:
            needed = [] if auth == "mcsp" else ["service_instance_id"]
            if "subscription_id" not in given:
                needed.append("data_set_id")
        if auth == "cloud-pak":
            needed.append("username")
        if auth in ("cloud-pak", "mcsp"):
            needed.append("url")
        found = {name: missing(cls, name) for name in needed if name not in given}
        passwords = [name for name in spellings("password") if name in given]
        only = {
            "only for cloud-pak": [*passwords, "username"] if auth != "cloud-pak" else [],
            "only for mcsp": ["account_id"] if auth != "mcsp" else [],
            "only for v2": ["confirm", "project_id", "space_id"] if v1 else [],
        }
        for where, names in only.items():
            found |= {name: f"is {where}" for name in names if name in given}
        keys = [name for name in spellings("api_key") if name in given]
        if auth == "cloud-pak" and passwords and keys:
            found[passwords[0]] = "is set beside an API key; set only one of them"
        return {**super().conflicts(given), **found}


class DuckDbSettings(PublisherSettings):
    """An embedded database, which needs no account."""

    type: Literal["duckdb"]
    path: Text = Field("capture-forwarder.duckdb", description="the database file")


class FilesSettings(PublisherSettings):
    """Flat files of rows, for whoever reads them."""

    type: Literal["files"]
    place: PrefixOrFolder = Field(description="s3://bucket/prefix or a folder")
    format: Literal["json-lines", "json-array", "parquet"] = Field(
        "json-lines", description="how the rows of a file are written"
    )


AnyPublisher = Annotated[
    FiddlerSettings
    | ArthurSettings
    | OpenScaleSettings
    | DuckDbSettings
    | FilesSettings
    | OtlpSettings,
    Field(discriminator="type"),
]

PUBLISHERS: Mapping[PublisherName, type[PublisherSettings]] = {
    PublisherName.FIDDLER: FiddlerSettings,
    PublisherName.ARTHUR: ArthurSettings,
    PublisherName.OPENSCALE: OpenScaleSettings,
    PublisherName.DUCKDB: DuckDbSettings,
    PublisherName.FILES: FilesSettings,
    PublisherName.OTLP: OtlpSettings,
}
