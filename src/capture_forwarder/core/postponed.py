"""Modules that others import at their top and hardly ever use: run when something of them is."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader


class _PostponedModule(ModuleType):
    """A module that is run when something is asked of it that it does not have yet."""

    def __getattr__(self, name: str) -> object:
        if name == "__all__" or not name.startswith("__"):
            self.__dict__["__run__"]()
            if name in self.__dict__:
                return self.__dict__[name]
        message = f"module {self.__name__!r} has no attribute {name!r}"
        raise AttributeError(message)


def postpone(
    name: str, *, callables: Collection[str] = (), known: Mapping[str, object] | None = None
) -> None:
    """Let a module be imported without being run, unless it has been run or is not there.

    Its submodules can be imported as ever. Whoever asks it for anything else finds all of it.

    Parameters
    ----------
    name
        The module's whole name. The packages that it is in are imported.
    callables
        The names of functions and classes that can be imported, too, and run it when they are
        used.
    known
        What can be had of it without running it, by name.
    """
    if name in sys.modules:
        return
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        names = vars(module)
        names["__run__"] = _runner(module, spec.loader)
        names.update({function: _Later(module, function) for function in callables})
        names.update(known or {})
        module.__class__ = _PostponedModule
        module = sys.modules.setdefault(name, module)  # another thread may be at it too
        # As an import would: `import package.module` gives the package, and looks there.
        package, _, own_name = name.rpartition(".")
        if package:
            setattr(sys.modules[package], own_name, module)


def _runner(module: ModuleType, loader: Loader) -> Callable[[], None]:
    """What runs a module, once; who asks meanwhile waits, but for the module itself."""
    lock = threading.RLock()
    begun = threading.Event()

    def run() -> None:
        with lock:
            if begun.is_set():
                return
            begun.set()
            try:
                loader.exec_module(module)
            except BaseException:
                begun.clear()
                raise
            module.__class__ = ModuleType

    return run


class _Later:
    """A function or a class of a module that is looked up when it is used."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: object, **options: object) -> object:
        return self._found()(*arguments, **options)

    def __getattr__(self, name: str) -> object:
        return getattr(self._found(), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._found())

    def __subclasscheck__(self, other: type) -> bool:
        return issubclass(other, self._found())

    def __mro_entries__(self, _bases: tuple[object, ...]) -> tuple[type]:
        return (self._found(),)

    def _found(self) -> Any:  # noqa: ANN401 - whatever the module has
        vars(self._module)["__run__"]()
        return vars(self._module)[self._name]
