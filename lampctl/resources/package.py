"""Packages of the distribution, all installed by one run of apt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step, select
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.repository import SOURCES
from lampctl.resources.service import SERVICES, Service
from lampctl.resources.shell import script, words

# Seconds that apt waits for one answer of the archive before it gives up.
ARCHIVE_TIMEOUT = 15
# Seconds after which reading the archives is restarted: apt has been seen to hang after a failed answer. It keeps
# what it has downloaded, so a slow connection succeeds in the end.
ARCHIVE_PATIENCE = 300


@dataclass(frozen=True)
class Package:
    """An installed package, of whatever version the distribution has."""

    name: str
    layer: str

    @property
    def key(self) -> str:
        return f"package:{self.name}"


@dataclass(frozen=True)
class PackageState:
    """A package that dpkg knows.

    Attributes:
        status: As dpkg prints it, such as installed, config-files, half-configured.
        automatic: Installed only because another package needed it: `apt-get autoremove` might remove it.
    """

    status: str
    automatic: bool = False


def probe(packages: Sequence[Package]) -> str:
    """Shell that prints `name<TAB>status` for each package that dpkg knows, and `name<TAB>automatic`."""
    return script("package/look", packages=sorted({package.name for package in packages}))


def parse(raw: str) -> dict[str, PackageState]:
    found = list(rows(raw, 2))
    automatic = {name for name, status in found if status == "automatic"}
    states = ((name, status) for name, status in found if status != "automatic")
    return {f"package:{name}": PackageState(status, name in automatic) for name, status in states}


def compare(package: Package, state: PackageState | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state and state.status == "installed":
        why = "is marked as installed automatically: apt-get autoremove might remove it\n"
        return Change(package.key, package.layer, Action.UPDATE, why) if state.automatic else None
    return Change(package.key, package.layer, Action.INSTALL, f"is {state.status}" if state else "")


def steps(changed: Sequence[Changed[Package]], view: HostView) -> list[Step]:
    """One run of apt for all; it waits for apt's lock and names its holder.

    New or changed archives are read even if nothing is to be installed.
    """
    refresh = any(path.startswith(SOURCES) for path in view.changing)
    kept = [package for package, change in changed if change.action is Action.UPDATE]
    mark = f"apt-mark manual {words(sorted(package.name for package in kept))}"
    keep = [Step("mark packages as manual", kept[0].layer, mark)] if kept else []
    changed = [(package, change) for package, change in changed if change.action is not Action.UPDATE]
    return [*_install(changed, view), *keep] if changed or refresh else keep


def _install(changed: Sequence[Changed[Package]], view: HostView) -> list[Step]:
    install = script(
        "package/install",
        wait=view.apt_wait,
        timeout=ARCHIVE_TIMEOUT,
        patience=ARCHIVE_PATIENCE,
        packages=sorted(package.name for package, _ in changed),
        servers=[s.unit for s in select(view.wanted, Service) if s.foreground and not _loaded(s, view)],
    )
    layers = {package.layer for package, _ in changed}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("install packages" if changed else "read the archives", layer, install)]


def _loaded(service: Service, view: HostView) -> bool:
    state = view.states.get(SERVICES, service.key)
    return state is not None and state.loaded


PACKAGES = Kind("packages", ("package",), (Package,), Phase.PREPARE, probe, parse, compare, steps)
