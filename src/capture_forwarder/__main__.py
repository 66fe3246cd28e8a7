"""`python -m capture_forwarder`: the command, where its script is not on the path."""

from __future__ import annotations

from capture_forwarder.cli import main

if __name__ == "__main__":
    main()
