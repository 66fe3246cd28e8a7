"""What an execution is of → its folder, and what `execution.json` says of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.executions.execution import (
    BaselineFiles,
    Execution,
    MonitoringType,
    Status,
    hour_of,
    write_execution,
    written,
)
from capture_forwarder.monitor.executions.folder import EXECUTION, folder_of, write_files


class Subject(msgspec.Struct, frozen=True):
    """What an execution is of.

    Parameters
    ----------
    root
        Where executions are kept.
    schedule, endpoint
        What is monitored, by which name.
    window
        The limits of the rows' times.
    drift_method
        How drift is measured.
    monitoring_type
        What is monitored of it.
    """

    root: Path
    schedule: str
    endpoint: str | None
    window: Window
    drift_method: str = "none"
    monitoring_type: MonitoringType = MonitoringType.DATA_QUALITY

    def folder(self, started: datetime) -> Path:
        """Where an execution that started then keeps its files."""
        return folder_of(self.root, self.endpoint, self.schedule, hour_of(self.window, started))

    def execution(
        self,
        against: BaselineFiles,
        times: tuple[datetime, datetime],
        status: Status,
        message: str,
    ) -> Execution:
        """Describe an execution that has judged no row.

        Parameters
        ----------
        against
            Its baseline.
        times
            When it started and ended, in UTC.
        status, message
            How it ended.
        """
        return Execution(
            schedule=self.schedule,
            endpoint=self.endpoint,
            window_start=written(self.window.since),
            window_end=written(self.window.until),
            status=status,
            message=message,
            rows=None,
            violations=0,
            started=written(times[0]) or "",
            ended=written(times[1]) or "",
            baseline=against,
            drift_method=self.drift_method,
            monitoring_type=self.monitoring_type,
        )

    def write_failed(
        self, baseline: str, error: ForwarderError, started: datetime, ended: datetime
    ) -> None:
        """Write the folder of an execution that found out nothing.

        Parameters
        ----------
        baseline
            Where the baseline is, or should be.
        error
            Why it failed.
        started, ended
            When, in UTC.

        Raises
        ------
        DataError
            The folder cannot be written to.
        """
        against, times = BaselineFiles(baseline), (started, ended)
        failed = self.execution(against, times, Status.FAILED, error.message)
        write_files(self.folder(started), {EXECUTION: write_execution(failed)})
