"""Make a release: `python -m release`, or `make dist`."""

from __future__ import annotations

import argparse
from pathlib import Path

from release.dist import ARCHITECTURES, make_release


def main() -> None:
    """Make the release that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Make a release.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("dist"), help="new or empty")
    parser.add_argument("--python", default="3.13", help="the functions' Python (3.13)")
    parser.add_argument(
        "--architecture",
        choices=ARCHITECTURES,
        action="append",
        help="the functions' processor; both unless given",
    )
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    if folder.exists() and any(folder.iterdir()):
        parser.error(f"{folder} is not empty. Move it away, or name another folder.")
    made = make_release(folder, arguments.python, arguments.architecture or ARCHITECTURES)
    for path in made:
        print(f"{path.stat().st_size:>12,}  {path}")


if __name__ == "__main__":
    main()
