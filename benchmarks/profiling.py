"""Where the forwarder's CPU time goes, by module and by function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from benchmarks.lab import Lab, say
from benchmarks.processes import Function

MODULE_HEADINGS = ("Module at work", "CPU", "in itself (1)", "in libraries")
FUNCTION_HEADINGS = ("Function (1)", "CPU")
_CALLS = 6
_LEAST = 0.005
_FUNCTIONS = 16
_PRODUCT = "capture_forwarder"


def measure(lab: Lab) -> tuple[list[list[str]], list[list[str]], float]:
    """Profile a warm function on the file with one record a line.

    Returns
    -------
    tuple
        Two tables' cells, by module and by function, and the CPU microseconds a row.
    """
    say("profile")
    seconds: dict[tuple[str, str, str], float] = defaultdict(float)
    cpu = 0.0
    with Function(lab.ours, lab.servers) as function:
        lab.warm(function)
        for _ in range(_CALLS):
            for product, module, name, spent in lab.call(function, "single", profile=True).profile:
                seconds[product, module, name] += spent
            cpu += lab.call(function, "single").cpu
    total = sum(seconds.values())
    own: dict[str, float] = defaultdict(float)
    libraries: dict[str, float] = defaultdict(float)
    functions: dict[str, float] = defaultdict(float)
    for (product, module, name), spent in seconds.items():
        outside = module if module.startswith("(") else "(threads, runtime)"
        place = product.removeprefix(f"{_PRODUCT}.") or outside
        (own if module.startswith(_PRODUCT) else libraries)[place] += spent / total
        told = name if name == module else f"{module.removeprefix(f'{_PRODUCT}.')}: {name}"
        functions[told] += spent / total
    shares = {place: own[place] + libraries[place] for place in {*own, *libraries}}
    modules = [
        [place, _percent(share), _percent(own[place]), _percent(libraries[place])]
        for place, share in _largest_first(shares)
        if share >= _LEAST
    ]
    most = [[name, _percent(share)] for name, share in _largest_first(functions)[:_FUNCTIONS]]
    return modules, most, cpu / _CALLS


def _largest_first(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda item: -item[1])


def _percent(share: float) -> str:
    return f"{share:.1%}"
