"""Take the pictures of the docs: `make screenshots`. It needs Chromium.

The report is that of `capture-forwarder demo`, in a browser without any settings of its own; the
dashboard is drawn from its template.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.generate import dashboard
from docs.generate.blocks import DOCS

PICTURES = DOCS / "images"
_REPORT_SIZE = (1180, 1000)


def main() -> None:
    """Take them.

    Raises
    ------
    SystemExit
        There is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("No Chromium was found. Install it, for example: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = str(Path(sys.executable).with_name("capture-forwarder"))
        demo = [command, "demo", "--captures"]
        captures = DOCS.parent / "events" / "captures"
        subprocess.run([*demo, str(captures)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (report,) = Path(folder).rglob("report.html")
        _take(browser, report, _REPORT_SIZE, PICTURES / "report.png")
        drawn = Path(folder, "dashboard.html")
        drawn.write_text(dashboard.page(), encoding="utf-8")
        _take(browser, drawn, dashboard.size(), PICTURES / "dashboard.png")


def _take(browser: str, page: Path, size: tuple[int, int], picture: Path) -> None:
    subprocess.run(
        [
            browser,
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}", page.as_uri()),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
