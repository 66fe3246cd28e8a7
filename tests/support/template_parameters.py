"""Parameters that template.yaml is deployed with, whole ones and what may be added to them."""

from __future__ import annotations

ARN = "arn:aws:{}:us-east-1:123456789012:{}"
SECRET = ARN.format("secretsmanager", "secret:token-AbCdEf")
OTHER_SECRET = ARN.format("secretsmanager", "secret:other-AbCdEf")
PARAMETER = ARN.format("ssm", "parameter/forwarder/token")
KEY = ARN.format("kms", "key/3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15")
APP = ARN.format("sagemaker", "partner-app/app-ABCDEF123456")
TOPIC = ARN.format("sns", "new-files")
BUS = ARN.format("events", "event-bus/files-of-others")
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"

BUCKET = {"CaptureBucket": "captures"}
MODEL = {
    "FiddlerTokenSecretArn": SECRET,
    "FiddlerModelUuid": "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "FiddlerModelColumns": "age,income",
    "FiddlerModelOutputColumn": "score",
}
FIDDLER = {**BUCKET, **MODEL, "FiddlerUrl": "https://example.fiddler.ai"}
PARTNER_APP = {**BUCKET, **MODEL, "FiddlerUrl": "https://app.example.com", "PartnerAppArn": APP}
ROUTES = {**BUCKET, "RoutesFile": "s3://settings/forwarder/routes.yaml"}
ROUTES_PARAMETER = {**BUCKET, "RoutesFile": "ssm:///forwarder/routes"}

WHOLE = {
    "Fiddler": FIDDLER,
    "a partner app": PARTNER_APP,
    "a routes file in S3": ROUTES,
    "a routes file in a parameter": ROUTES_PARAMETER,
}
"""All ways in."""

NETWORK = {"SubnetIds": "subnet-0a1b2c3d,subnet-1a2b3c4d", "SecurityGroupIds": "sg-0a1b2c3d"}
LABELS = {"LabelBucket": "truth", "LabelPrefix": "ground-truth/"}
DATA = "arn:aws:s3:::data/transform/*"
OTHER_DATA = "arn:aws:s3:::more-data/*"
