"""lampctl: takes a bare Linux host to a web stack that is proved to work, layer by layer.

    import lampctl

    lampctl.deploy("web1", playbook="site.yml").raise_for_failure()

`import lampctl` itself is cheap: what is used is imported when it is used first. See docs/api.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lampctl.api import check, deploy, plan, render, smoke, undo
    from lampctl.errors import (
        ApplyFailed,
        BadAnswer,
        CheckFailed,
        Interrupted,
        LampctlError,
        Locked,
        PlaybookError,
        Refused,
        Unreachable,
        UsageError,
    )
    from lampctl.outcome import Outcome, Outcomes
    from lampctl.ssh import ConnectOptions

__version__ = "0.1.0"

_MODULES = {
    "lampctl.api": ("check", "deploy", "plan", "render", "smoke", "undo"),
    "lampctl.errors": (
        "ApplyFailed",
        "BadAnswer",
        "CheckFailed",
        "Interrupted",
        "LampctlError",
        "Locked",
        "PlaybookError",
        "Refused",
        "Unreachable",
        "UsageError",
    ),
    "lampctl.outcome": ("Outcome", "Outcomes"),
    "lampctl.ssh": ("ConnectOptions",),
}

__all__ = [
    "ApplyFailed",
    "BadAnswer",
    "CheckFailed",
    "ConnectOptions",
    "Interrupted",
    "LampctlError",
    "Locked",
    "Outcome",
    "Outcomes",
    "PlaybookError",
    "Refused",
    "Unreachable",
    "UsageError",
    "__version__",
    "check",
    "deploy",
    "plan",
    "render",
    "smoke",
    "undo",
]


if not TYPE_CHECKING:  # else a type checker would accept any name

    def __getattr__(name: str) -> Any:
        """Import what is asked for when it is asked for (PEP 562)."""
        from importlib import import_module

        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(module), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
