"""What the function does not do when it starts, since a cold start would last longer for it."""

from __future__ import annotations

from tests.support.fresh_process import run


def modules_of_a_start() -> set[str]:
    """What is imported once the handler is."""
    return {
        *run("import capture_forwarder.handlers.forwarder, sys\nprint(*sys.modules, sep='\\n')")
    }


def test_the_function_starts_without_what_only_commands_need() -> None:
    modules = modules_of_a_start()

    assert "capture_forwarder.core.ports" in modules
    assert (
        not {
            "capture_forwarder.core.deployment",
            "capture_forwarder.core.ports.operator",
            "capture_forwarder.core.watched",
        }
        & modules
    )
