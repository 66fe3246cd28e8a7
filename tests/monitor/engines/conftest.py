"""The engines are tested by themselves, too, where Spark is installed: `make test-spark`."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is slow, and no test depends on its speed; tests/conftest.py is not read there.
settings.register_profile("forwarder", deadline=None)
settings.load_profile("forwarder")
