"""The text around the tables of docs/cost.md."""

PAGE = """\
# Cost

What forwarding costs on AWS: a model, not a bill. `python -m benchmarks.cost` writes this page
from list prices and from the figures of the last `make bench` ([performance](performance.md)).

A million inferences cost, in US dollars, with the template's defaults (512 MB, arm64, 12 requests
in flight) and one inference a line:

{by_size}

The number of files decides, not the number of inferences. SageMaker closes a file about a minute
after its first call, so a quiet endpoint writes many small ones. With 50 ms a request, the money
goes here:

{parts}

The stack itself costs {fixed} a month before it has forwarded anything: {metrics} metrics,
{alarms} alarms, which are billed by the {watched} metrics that they look at, a dashboard, a secret,
and the polling of an empty queue.

## From a thousand to a billion a day

One file a minute, and more when a file would have over {most_lines} lines; 50 ms a request.

{growth}

(1) The price of {row_bytes} bytes a row, when the platform is reached over the internet: {egress}
a million inferences. It is the largest part of a large bill. Within a region, over PrivateLink,
it is a ninth of that. (2) For peaks of three times the mean; Lambda accepts no value below 2.

## Settings that matter

{settings}

- **Memory** buys CPU: {cpu} MB is one whole CPU. While the CPU is the limit, more memory saves as
  much time as it costs. While the platform is the limit, more memory only costs more. The
  function needs {memory} MB at most.
- **Requests in flight** make waiting cheap: when the platform is slow, time falls with their
  number.
- **Files an invocation** (`BatchSize`) share the requests of the invocation and of the queue.
- **Fewer, larger files** would save most, but SageMaker decides on them.

## The model

- A file costs {small} ms of CPU, and its rows one second for {rate}. Both were measured on a
  whole CPU and are divided by the function's share of one. S3 takes {s3} ms and each ledger write
  {ledger} ms; these two are assumed. Requests to the platform overlap, and the last one is waited
  for.
- A file of one batch makes one GetObject and two ledger writes, and one write more for each three
  further batches. A message takes three SQS requests, or fewer when an invocation has several. A
  file logs {log_bytes} bytes.
- When files come more than {kept} minutes apart, each one counts a cold start of {cold} s of CPU;
  otherwise none does. One CPU of Lambda is taken to be as fast as one of the machine that was
  measured.
- Left out: free tiers, volume discounts, storage of capture files, the quarantine (one PUT for
  each batch of rejected lines), retries, KMS, VPC and NAT gateways, and what the platform
  charges.

## Prices

List prices in us-east-1 without free tiers, as quoted in 2026. Compare them with AWS's own pages
before you rely on them.

{prices}
"""
