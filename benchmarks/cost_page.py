"""The text around the tables of docs/cost.md."""

PAGE = """\
# Cost

This page is written by `python -m benchmarks.cost` from list prices and from the figures of the
last `make bench` ([performance.md](performance.md)). It is a model, not a bill.

A million inferences, in US dollars, with the template's defaults (512 MB, arm64, 8 requests in
flight), one inference a line:

{by_size}

What it depends on is the number of files, not of inferences: SageMaker closes a file about a minute
after its first call, so a quiet endpoint writes many small ones. Where the money goes, at 50 ms a
request:

{parts}

The stack itself costs {fixed} a month before it has forwarded anything: {metrics} metrics,
{alarms} alarms, a dashboard, a secret, and the pollers of an idle queue.

## From a thousand to a billion a day

One file a minute, and more when one would have over {most_lines} lines; 50 ms a request.

{growth}

(1) What {row_bytes} bytes a row cost when the platform is reached over the internet, {egress} a
million inferences. It is the largest part of a large bill; within a region, by PrivateLink, it is a
ninth of that. (2) For peaks of three times the mean; never below 2, the least that Lambda takes.

## Settings that matter

{settings}

- **Memory** buys CPU: {cpu} MB is one whole CPU. While CPU is what limits, time falls as memory
  rises and the price stays; while the platform is, more memory only costs more. The function needs
  {memory} MB at the most.
- **Requests in flight** make waiting cheap: while the platform is slow, time falls with their
  number.
- **Files an invocation** (`BatchSize`) share the invocation's and the queue's requests.
- **Fewer, larger files** would save most, but SageMaker decides on them.

## The model

- A file costs {small} ms of CPU, its rows one second for {rate}, both measured on a whole CPU and
  divided by the function's share of one; S3 takes {s3} ms and each ledger write {ledger} ms (both
  assumed). Requests to the platform overlap; the last one is waited for.
- A file of one batch makes one GetObject and two ledger writes, one more for each two further
  batches; three SQS requests a message, fewer when an invocation has several; {log_bytes} bytes
  of log.
- A cold start of {cold} s of CPU is counted for each file when they come more than {kept} minutes
  apart, else not at all. One CPU of Lambda is taken to be as fast as one of the machine that was
  measured on.
- Left out: free tiers, volume discounts, storage of captures, quarantine (one PUT for each batch of
  refused lines), retries, KMS, VPC and NAT gateways, and whatever the platform charges.

## Prices

List prices in us-east-1 without free tiers, as quoted in 2026. Compare them with AWS's own pages
before you rely on them.

{prices}
"""
