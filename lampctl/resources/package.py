"""Packages of the distribution, all installed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.repository import SOURCES
from lampctl.resources.shell import words

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
    script = _INSTALL.format(
        wait=view.apt_wait,
        timeout=ARCHIVE_TIMEOUT,
        patience=ARCHIVE_PATIENCE,
        packages=words(sorted(package.name for package, _ in changed)),
    )
    layers = {package.layer for package, _ in changed}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("install packages" if changed else "read the archives", layer, script)]


# apt's own DPkg::Lock::Timeout waits without a word, and does not cover the lists' lock: so the
# holder is looked up in /proc/locks and named, and the wait is ours.
_INSTALL = r"""
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C.UTF-8
wait={wait}
holder() {{
    for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
        inode=$(stat -c %i "$lock" 2>/dev/null) || continue
        pid=$(awk -v i=":$inode" 'substr($6, length($6) - length(i) + 1) == i {{ print $5; exit }}' /proc/locks)
        [ -n "$pid" ] || continue
        echo "$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown) (pid $pid) holds $lock"
        return
    done
}}
waited=0
while held=$(holder); [ -n "$held" ]; do
    if [ "$waited" -ge "$wait" ]; then
        echo "lampctl-reason: apt-lock"
        echo "$held" | sed "s/\$/, still after $wait s/"
        exit 75
    fi
    [ "$((waited % 5))" -ne 0 ] || echo "waiting for apt: $held"
    sleep 1; waited=$((waited + 1))
done
set -- -y -o DPkg::Lock::Timeout="$wait" -o Acquire::Retries=1 -o Acquire::Retries::Delay=false \
    -o Acquire::http::Timeout={timeout} -o Acquire::https::Timeout={timeout} \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0
if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
    echo "finishing an interrupted dpkg run"
    dpkg --configure -a --force-confdef --force-confold
fi
refuse() {{
    [ ! -e sources-undo.sh ] || sh ./sources-undo.sh
    echo "lampctl-reason: $1"
    exit 69
}}
tries=3
until timeout -k 5 {patience} apt-get "$@" -o APT::Update::Error-Mode=any update; do
    code=$?
    tries=$((tries - 1))
    if [ "$code" -ne 124 ] || [ "$tries" -eq 0 ]; then refuse apt-archive; fi
    echo "the archives are not read after {patience} s: trying again"
done
wanted='{packages}'
[ -n "$wanted" ] || exit 0
# install would take a name that it does not know for a pattern
missing=$(apt-cache policy $wanted | awk -v wanted="$wanted" '
    /^[^ ]/ {{ name = substr($1, 1, length($1) - 1) }}
    /^  Candidate:/ && $2 != "(none)" {{ known[name] }}
    END {{ for (i = split(wanted, names, " "); i > 0; i--) if (!(names[i] in known)) print names[i] }}')
if [ -n "$missing" ]; then
    echo "not available: $(echo "$missing" | sort | tr '\n' ' ')"
    refuse no-package
fi
# What is installed stays: somebody may need it.
set -- "$@" --no-install-recommends --no-remove
apt-get "$@" install $wanted && exit 0
code=$?
# If it can't even be planned, and dpkg has nothing half-done, then nothing was done.
if [ -z "$(dpkg --audit 2>/dev/null)" ] && ! apt-get "$@" --simulate install $wanted > simulated 2>&1; then
    grep -E '^(E:|Remv)|[Bb]reaks|[Dd]epends' simulated | head -n 12
    refuse removes
fi
exit "$code"
"""

PACKAGES = Kind("packages", ("package",), (Package,), Phase.PREPARE, probe, parse, compare, steps)
