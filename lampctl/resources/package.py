"""Packages of the distribution, all installed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.repository import SOURCES
from lampctl.resources.shell import script, words

# Seconds that apt waits for one answer of the archive before it gives up.
ARCHIVE_TIMEOUT = 15
# Seconds after which reading the archives is started again: apt was seen to wait for ever after a failed answer. It
# keeps what it has downloaded, so a slow connection gets there in the end.
ARCHIVE_PATIENCE = 300


@dataclass(frozen=True)
class Package:
    """A package of the distribution is installed; its version is the distribution's business."""

    name: str
    layer: str

    @property
    def key(self) -> str:
        return f"package:{self.name}"


@dataclass(frozen=True)
class PackageState:
    """`status`: dpkg's word for it: installed, config-files, half-configured."""

    status: str


def probe(packages: Sequence[Package]) -> str:
    """Shell that prints `name<TAB>status` for each package that dpkg knows."""
    names = words(sorted({package.name for package in packages}))
    return f"dpkg-query -W -f='${{Package}}\\t${{db:Status-Status}}\\n' {names} 2>/dev/null || :"


def parse(raw: str) -> dict[str, PackageState]:
    return {f"package:{name}": PackageState(status) for name, status in rows(raw, 2)}


def compare(package: Package, state: PackageState | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state and state.status == "installed":
        return None
    return Change(package.key, package.layer, Action.INSTALL, f"is {state.status}" if state else "")


def steps(changed: Sequence[Changed[Package]], view: HostView) -> list[Step]:
    """One apt run for all; it waits for apt's lock and names its holder.

    Archives that are added or changed are read even if nothing is to be installed.
    """
    refresh = any(path.startswith(SOURCES) for path in view.changing)
    if not changed and not refresh:
        return []
    install = script(
        "package/install",
        wait=view.apt_wait,
        timeout=ARCHIVE_TIMEOUT,
        patience=ARCHIVE_PATIENCE,
        packages=sorted(package.name for package, _ in changed),
    )
    layers = {package.layer for package, _ in changed}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("install packages" if changed else "read the archives", layer, install)]


PACKAGES = Kind("packages", ("package",), (Package,), Phase.PREPARE, probe, parse, compare, steps)
