"""List prices of AWS in us-east-1, in US dollars, without free tiers and volume discounts.

Looked up in November 2026 in pages that quote AWS's price pages between July 2025 and June 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1e6


@dataclass(frozen=True)
class Price:
    """One price: what it is for, how much, of what unit, and which of AWS's pages has it."""

    what: str
    dollars: float
    unit: str
    page: str


ARM_SECOND = Price("Lambda, arm64", 0.0000133334, "GB-second", "lambda")
X86_SECOND = Price("Lambda, x86_64", 0.0000166667, "GB-second", "lambda")
INVOCATION = Price("Lambda requests", 0.20, "million", "lambda")
QUEUE = Price("SQS standard requests", 0.40, "million", "sqs")
LEDGER = Price("DynamoDB on-demand writes of up to 1 KB", 0.625, "million", "dynamodb")
READ = Price("S3 GET", 0.40, "million", "s3")
WRITE = Price("S3 PUT (quarantine only)", 5.00, "million", "s3")
EVENTS = Price("EventBridge, events of AWS services", 0.0, "million", "eventbridge")
LOGS = Price("CloudWatch Logs, ingestion", 0.50, "GB", "cloudwatch")
METRIC = Price("CloudWatch custom metric", 0.30, "month", "cloudwatch")
ALARM = Price("CloudWatch alarm, by metric", 0.10, "month", "cloudwatch")
DASHBOARD = Price("CloudWatch dashboard", 3.00, "month", "cloudwatch")
SECRET = Price("Secrets Manager secret", 0.40, "month", "secrets-manager")
EGRESS = Price("Data to the internet", 0.09, "GB", "ec2/pricing/on-demand")

ALL = (
    ARM_SECOND,
    X86_SECOND,
    INVOCATION,
    QUEUE,
    LEDGER,
    READ,
    WRITE,
    EVENTS,
    LOGS,
    METRIC,
    ALARM,
    DASHBOARD,
    SECRET,
    EGRESS,
)
