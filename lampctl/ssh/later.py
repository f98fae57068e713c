"""Modules that are imported when something of them is used, and not before."""

from __future__ import annotations

import importlib
import sys
from threading import Lock
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands in for a module in sys.modules, until it is asked for anything that a module does not have by itself."""

    _lock = Lock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def later(name: str) -> None:
    """From here on `import NAME` costs nothing, and the first use of NAME does. As it is, if it is there already."""
    sys.modules.setdefault(name, _Later(name))
