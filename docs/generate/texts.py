"""What each setting is, in words for its reader, with an example.

Types, limits and defaults are not repeated here: they come from the settings models. `kind` is
given only where the model's own type would tell a reader too little.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Told(NamedTuple):
    """One setting, as its reader needs it."""

    what: str
    example: str
    kind: str = "text"


_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf"
_COLUMNS = "[column list](settings.md#column-lists)"
_S3_OR_FOLDER = "`s3://bucket/prefix` or a folder"

PUBLISHER = Told(
    "The platform that rows go to. You need it only for `files` and `duckdb`, or when variables of "
    "several platforms are set.",
    "files",
)
PARTNER_APP_AUTH = Told(
    "Set it to `true` when Fiddler runs as a SageMaker partner app. The ARN and the address below "
    "count only then.",
    "true",
    "`true` or `false`",
)
PARTNER_APP_URL = Told(
    "The partner app's address. It takes the place of `FIDDLER_URL`.",
    "https://app-1a2b3c.partner-app.eu-west-1.sagemaker.aws",
    "scheme and host",
)


def _secret(field: str, what: str, example: str, store: str) -> dict[str, Told]:
    return {
        field: Told(
            f"{what}. Prefer one of the next two: they keep it out of the settings.", example
        ),
        f"{field}_secret_arn": Told(
            f"Or: the ARN of the secret in Secrets Manager that holds {what[0].lower()}{what[1:]}.",
            _ARN.format(store),
            "ARN",
        ),
        f"{field}_parameter": Told(
            "Or: the name of the parameter in Systems Manager that holds it.",
            f"/forwarder/{store}",
            "parameter name",
        ),
    }


def _http(rows: str, most_rows: str, size: str, most_bytes: str) -> dict[str, Told]:
    """What each platform over HTTP can be set to, with what holds where it is not set."""
    return {
        "batch_rows": Told(f"The most rows in one request. Not set: {rows}.", most_rows),
        "batch_bytes": Told(f"The most bytes in one request. Not set: {size}.", most_bytes),
        "ca_file": Told(
            "A file with the certificate authorities to trust instead of the usual ones: see "
            "[networks](publishers.md#networks).",
            "/opt/own-ca.pem",
            "path",
        ),
        "plain_http": Told(
            "Allow an `http://` address of another machine. The secret and all rows then go there "
            "unencrypted.",
            "true",
        ),
    }


PUBLISHERS: Mapping[str, Mapping[str, Told]] = {
    "fiddler": {
        "url": Told(
            "The address of your Fiddler instance.",
            "https://example.fiddler.ai",
            "scheme and host",
        ),
        "model_uuid": Told("The model's id.", "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"),
        **_secret("token", "The API key", "fdl-0123456789", "fiddler-token"),
        "partner_app_arn": Told(
            "The ARN of the SageMaker partner app, where Fiddler runs as one.",
            "arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-1A2B3C",
            "ARN",
        ),
        "time_unit": Told(
            "What the numbers in the model's time column count since 1970. Needed only if that "
            "column holds numbers.",
            "milliseconds",
        ),
        **_http("1000, which is also the most", "500", "8 MiB of captured text", "1000000"),
    },
    "arthur": {
        "host": Told(
            "The address of your Arthur Scope instance.", "https://arthur.example.com", "address"
        ),
        "model_id": Told("The model's id.", "b4b1c2d3"),
        **_secret(
            "access_token", "A token with the right `raw_data` write", "eyJhbGciOi", "arthur-token"
        ),
        "organization_id": Told(
            "The organisation to act for. Needed if the token belongs to several.",
            "c2d3e4f5-6a7b-4c8d-9e0f-1a2b3c4d5e6f",
        ),
        **_http("10,000", "5000", "4 MiB of captured text", "1000000"),
    },
    "otlp": {
        "backend": Told(
            "Which backend it is: it knows the path, the headers and what has to be there. "
            "`collector` is any other that takes OTLP over HTTP.",
            "mlflow",
        ),
        "url": Told(
            "The address of the backend, without the path of its traces. Needed, unless "
            "`mlflow_arn` (`OTLP_MLFLOW_ARN`) is set.",
            "https://mlflow.example.com",
            "address",
        ),
        "path": Told(
            "Where the backend takes traces, behind its address. Not set: `/v1/traces`, for Arthur "
            "`/api/v1/traces`.",
            "/otlp/v1/traces",
            "path",
        ),
        **_secret(
            "token", "The API key, where the backend asks for one", "k-0123456789", "otlp-token"
        ),
        "token_header": Told(
            "The header that the token is sent in. In `Authorization`, a token without a space is "
            "sent as `Bearer ...`, and one with a space as it is.",
            "x-api-key",
            "header name",
        ),
        "headers": Told(
            "More headers, sent as they are. They are no place for secrets.",
            "x-scope=captures",
            "list of `name=value`; a mapping in the routes file",
        ),
        "experiment_id": Told(
            "The id of the experiment. Only for `mlflow`, which needs it.", "1", "digits"
        ),
        "mlflow_arn": Told(
            "The ARN of a managed MLflow in SageMaker: an app or a tracking server. Requests are "
            "signed with the function's role. Only for `mlflow`; experimental.",
            "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1A2B3C",
            "ARN",
        ),
        "project": Told(
            "The project. Not set: Phoenix's default project. Only for `phoenix`.", "chats"
        ),
        "application_id": Told(
            "The id of the application. Only for `fiddler`, which needs it.",
            "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
        ),
        "partner_app_arn": Told(
            "The ARN of the SageMaker partner app, where Fiddler runs as one. Only for `fiddler`.",
            "arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-1A2B3C",
            "ARN",
        ),
        "task_id": Told(
            "The id of the task. Only for `arthur`, which needs it.",
            "7c0e5b1d-93f4-4a68-8d27-b16f3e9a0c52",
        ),
        "account": Told("The AWS account, an attribute of all spans.", "123456789012"),
        "region": Told(
            "The AWS region, an attribute of all spans. Not set: the function's own.", "eu-west-1"
        ),
        "compression": Told(
            "Whether requests are zipped. Not set: `gzip`, for Arthur `none`.", "none"
        ),
        **_http("512", "100", "1 MiB of captured text", "4000000"),
    },
    "openscale": {
        "api": Told("`v2` for records of a payload data set, `v1` for scoring payloads.", "v2"),
        "url": Told(
            "The address of the service, or of Cloud Pak for Data.",
            "https://eu-de.api.aiopenscale.cloud.ibm.com",
            "address",
        ),
        "auth": Told(
            "`iam` for IBM Cloud, `cloud-pak` for Cloud Pak for Data, `mcsp` for "
            "watsonx.governance on AWS. The last two need the address, too.",
            "cloud-pak",
        ),
        "iam_url": Told(
            "Where IBM Cloud issues tokens.", "https://iam.cloud.ibm.com/identity/token", "address"
        ),
        "mcsp_url": Told(
            "Where tokens for `mcsp` are issued.",
            "https://account-iam.platform.saas.ibm.com",
            "address",
        ),
        "account_id": Told(
            "The account. Only for `mcsp`. Not set: the account that the API key belongs to.",
            "20250101-1200-0000-0000-0123456789ab",
        ),
        "username": Told("The user. Only for `cloud-pak`, which needs it.", "forwarder"),
        **_secret("api_key", "The API key", "ibm-0123456789", "ibm-key"),
        **_secret(
            "password",
            "The user's password. Only for `cloud-pak`, in place of an API key",
            "correct-horse",
            "ibm-password",
        ),
        "service_instance_id": Told(
            "The service instance. `v2` needs it, except with `mcsp`.",
            "6ad3b8f0-1f6b-4c7e-9a64-0f7d7c1f2b11",
        ),
        "data_set_id": Told(
            "The payload data set. `v2` needs it, or the subscription, by which it is found.",
            "0c1f6c2e-7f0d-4f0e-8f43-2f2b8f4b8a55",
        ),
        "data_mart_id": Told(
            "The data mart. `v1` needs it.", "d1a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
        ),
        "binding_id": Told(
            "The service provider. `v1` needs it.", "e1a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
        ),
        "subscription_id": Told(
            "The subscription. `v1` needs it; for `v2` it may replace the data set.",
            "f1a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
        ),
        "deployment_id": Told(
            "The deployment. `v1` needs it.", "a1a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
        ),
        "project_id": Told(
            "The project that the subscription belongs to, if it does. Only for `v2`.",
            "b2a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
        ),
        "space_id": Told(
            "The space that the subscription belongs to, if it does. Only for `v2`.",
            "c3a2b3c4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
        ),
        "confirm": Told(
            "Wait until the records are stored. With `false`, rows that OpenScale fails to store "
            "are lost and nobody notices. Only for `v2`.",
            "false",
        ),
        **_http("500, or fewer with many columns", "200", "900,000", "500000"),
    },
    "duckdb": {
        "path": Told(
            "The database file. Each route has a table of its own name in it.",
            "churn.duckdb",
            "path",
        ),
    },
    "files": {
        "place": Told(
            "Where files of rows are written. Files there are never taken as input.",
            "s3://rows-bucket/rows",
            _S3_OR_FOLDER,
        ),
        "format": Told(
            "How the rows of a file are written: see [files](how-to/duckdb-and-files.md#formats).",
            "json-array",
        ),
    },
}

MAPPING: Mapping[str, Told] = {
    "inputs": Told(
        "The request's columns, in the order in which the endpoint receives them.",
        "age,income,region",
        _COLUMNS,
    ),
    "outputs": Told("The response's columns, in the same form.", "score", _COLUMNS),
    "timestamp": Told(
        "The column for the time of the call. Not set: the model's own timestamp column, if the "
        "platform names one.",
        "called_at",
        "column",
    ),
    "event_id": Told(
        "The column for the id of the inference. Not set: the model's own id column, if the "
        "platform names one.",
        "event_id",
        "column",
    ),
    "metadata": Told(
        "More columns, filled from the call or from the file's key: see "
        "[metadata columns](settings.md#metadata-columns).",
        "endpoint=endpoint,hour=capture_hour",
        "list of `column=field`",
    ),
    "input_path": Told(
        "Where the records are in a JSON request.",
        "payload.rows",
        "[JMESPath](https://jmespath.org)",
    ),
    "output_path": Told(
        "Where the records are in a JSON response.", "result", "[JMESPath](https://jmespath.org)"
    ),
    "csv_header": Told("Whether each CSV payload begins with a header row.", "present"),
    "redact": Told(
        "What must not leave as it is: see [redaction](redaction.md). The action is `drop`, "
        "`hash`, `patterns`, or some of `email`, `phone`, `card` and `aws-key` with a plus between "
        "them.",
        "region=hash,income=drop",
        "list of `column=action`; a mapping in the routes file",
    ),
    "max_cast_failures": Told(
        "The share of the rows in which a column may fail its type. A file in which one fails more "
        "often is held: nothing more of it is sent, and in the end its message becomes a dead "
        "letter. Not set: no file is held for this.",
        "0.1",
    ),
    "max_refused": Told(
        "The share of the rows that the platform may refuse. A file of which at least 100 rows "
        "and a larger share are refused is [held](guarantees.md#when-a-file-is-held): nothing more "
        "of it is sent, and in the end its message becomes a dead letter. With `1`, no file is "
        "held for this.",
        "0.5",
    ),
    "types": Told(
        "The types of columns for which the platform's schema has none: see "
        "[types](formats.md#types).",
        "income=float,region=category",
        "list of `column=type`",
    ),
    "shadow": Told(
        "Whether the calls that a shadow variant answered are forwarded, too. Left out, they count "
        "as empty lines.",
        "exclude",
    ),
}

LABELS: Mapping[str, Told] = {
    "id": Told("The column of CSV, Parquet and JSON objects that holds the id.", "call", "column"),
    "columns": Told(
        "The columns that labels fill; `churned=label` fills `churned` from `label` in the files. "
        "Not set: the targets that the platform's model has, otherwise `label`.",
        "churned=label",
        _COLUMNS,
    ),
    "time": Told(
        "The column of CSV, Parquet and JSON objects with the time of a label. Not set: the hour "
        "in the file's key.",
        "decided_at",
        "column",
    ),
    "delay": Told(
        "How many seconds a new file waits in the function's queue before it is read, so that "
        "labels do not come before their inferences. Commands do not wait.",
        "600",
    ),
    "inferences": Told(
        "The route whose inferences are labelled: its table in DuckDB.", "churn", "route"
    ),
    "features": Told(
        "OpenScale: where the inferences are, to join labels with their inputs by id. Not set: "
        "labels come in Model Monitor's merged files.",
        "rows.duckdb",
        "DuckDB file, or a folder that `files` wrote to",
    ),
}

SHARED: Mapping[str, Told] = {
    "quarantine": Told(
        "Where rejected lines and refused inferences are kept, each with its reason. Without it, "
        "one rejected line fails its file.",
        "s3://forwarder-quarantine/quarantine",
        _S3_OR_FOLDER,
    ),
    "ledger": Told(
        "Where the forwarder records how far each capture file is delivered. Without it, a file "
        "that failed is sent again from its start.",
        "dynamodb://forwarder-ledger",
        "`dynamodb://table`, or the path of an SQLite file",
    ),
    "lease_seconds": Told(
        "How long an invocation that died keeps others away from its file. It must be longer than "
        "the request timeout.",
        "90",
    ),
    "queue_url": Told(
        "The function's own queue. Through it, an invocation that runs out of time leaves the rest "
        "of a file to a later one. It needs the ledger.",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/captures",
        "URL",
    ),
    "capture_buckets": Told(
        "The buckets in which a [detached backfill](how-to/backfill.md#detached) may list files, "
        "comma separated.",
        "my-captures",
        "names",
    ),
    "capture_prefix": Told(
        "How the keys of the files begin that a detached backfill may list.", "datacapture/"
    ),
    "requests_in_flight": Told("The most publish requests that may be open at once.", "16"),
    "retry_seconds": Told(
        "How long a failed publish request is repeated before the file is left for a later "
        "invocation.",
        "30",
    ),
    "request_timeout_seconds": Told("How long to wait for the platform's answer.", "20"),
    **_secret(
        "redact_key", "The key that redaction makes hashes with", "a-long-random-text", "redact-key"
    ),
    "max_line_bytes": Told("A longer line is rejected; it is never held in memory.", "33554432"),
    "routes_file": Told(
        "A [routes file](routes.md). It takes the place of every setting of a platform and of "
        "columns.",
        "s3://my-settings/routes.yaml",
        "a path, `s3://bucket/key` or `ssm://parameter`",
    ),
    "routes_refresh_seconds": Told("How often the routes file is read again.", "60"),
}

MATCH: Mapping[str, Told] = {
    "bucket": Told("The bucket's name.", "captures-prod", "pattern"),
    "prefix": Told("The beginning of the key.", "datacapture/", "plain text"),
    "key": Told("The whole key.", "*/claims-v[23]/*", "pattern"),
    "endpoint": Told(
        "The endpoint's name, as found in the key: "
        "`.../{endpoint}/{variant}/yyyy/mm/dd/hh/{file}`.",
        "churn-*",
        "pattern",
    ),
    "variant": Told("The production variant's name, found the same way.", "AllTraffic", "pattern"),
}

ROUTE: Mapping[str, Told] = {
    "name": Told(
        "The route's name in the ledger, the quarantine, the log and the metrics: letters, digits, "
        "`_`, `.` and `-`, 63 at most. Needed when there are several routes.",
        "churn",
    ),
    "match": Told("Which capture files the route takes; see [match](#match).", "", "mapping"),
    "continue": Told("Whether the routes below are tried too when this one takes a file.", "true"),
    "mapping": Told(
        "Which captured values become which columns; see [mapping](#mapping).", "", "mapping"
    ),
    "labels": Told(
        "In place of a mapping: where labels are; see [labels](#labels). A mapping beside it says "
        "how the captures in merged files are read.",
        "",
        "mapping",
    ),
    "publisher": Told(
        "Where the rows go: `type` and that publisher's settings; see [publishers](#publishers).",
        "",
        "mapping",
    ),
}
