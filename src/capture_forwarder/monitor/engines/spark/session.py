"""A Spark session of one's own, with what the monitor's statements rest on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.monitor.engines.spark.engine import SparkEngine

_SETTINGS = {
    # A file that is damaged or missing must not be passed over.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    # A number of JSON is read as it is written.
    "spark.sql.json.enableExactStringParsing": "true",
    # A name or a text of the data is never a variable or a pattern.
    "spark.sql.variable.substitute": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
}


@contextmanager
def open_spark() -> Iterator[SparkEngine]:
    """Open Spark: what `spark-submit` has set up, else on all cores of this machine.

    Raises
    ------
    MissingExtraError
        pyspark or sqlglot is not installed.
    """
    for module in ("pyspark", "sqlglot"):
        if not is_installed(module):
            raise MissingExtraError("--engine spark", module, Extra.SPARK)
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra of 450 MB

    is_running = SparkSession.getActiveSession() is not None
    spark = SparkSession.builder.appName("capture-forwarder").getOrCreate()
    try:
        # Views and settings are this session's alone.
        session = spark.newSession()
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
        yield SparkEngine(session)
    finally:
        if not is_running:
            spark.stop()
