"""What botocore reads again for each session, and moto works out for each request, is remembered.

It is the same each time, and was a quarter of the time of a test that plays a whole account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.loaders import Loader
from moto.core.base_backend import BaseBackend
from moto.settings import enable_iso_regions


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Remember AWS's own descriptions of its services, and the addresses that moto answers at."""
    patch.setattr(Loader, "_cache", property(_read, lambda *_: None), raising=False)
    patch.setattr(BaseBackend, "urls", property(_urls))


_loaded: dict[object, dict[object, Any]] = {}


def _read(loader: Loader) -> dict[object, Any]:
    """What loaders of the same folders have read; one without extras is no session's."""
    if not loader.extras_types:
        own: dict[object, Any] = vars(loader).setdefault("own_cache", {})
        return own
    of = (type(loader), type(loader.file_loader), *loader.search_paths)
    return _loaded.setdefault(of, {})


_make_urls: Callable[[BaseBackend], dict[str, Any]] = BaseBackend.urls.fget  # type: ignore[attr-defined]
_made: dict[object, dict[str, Any]] = {}


def _urls(backend: BaseBackend) -> dict[str, Any]:
    of = (type(backend), *backend.url_bases, enable_iso_regions())
    if of not in _made:
        _made[of] = _make_urls(backend)
    return _made[of]
