"""Packages of the distribution, all installed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import words

# Seconds that apt waits for one answer of the archive before it gives up.
ARCHIVE_TIMEOUT = 15
# Seconds after which reading the archives is begun anew: apt was seen to wait for ever after an answer that failed. It
# keeps what it has got, so that a slow line gets there.
ARCHIVE_PATIENCE = 300


@dataclass(frozen=True)
class Package:
    """A package of the distribution is installed; its version is the distribution's business."""

    name: str
    layer: str

    @property
    def key(self) -> str:
        return f"package:{self.name}"


def probe(packages: Sequence[Package]) -> str:
    """Shell that prints `name<TAB>status` for each known package."""
    names = words(sorted({package.name for package in packages}))
    return f"dpkg-query -W -f='${{Package}}\\t${{db:Status-Status}}\\n' {names} 2>/dev/null || :"


def parse(raw: str) -> dict[str, str]:
    """Package key → dpkg's status word (`installed`, `config-files`, `half-configured`, …)."""
    rows = (line.split("\t") for line in raw.splitlines() if line.count("\t") == 1)
    return {f"package:{name}": status for name, status in rows}


def compare(package: Package, state: object) -> Change | None:
    if state == "installed":
        return None
    return Change(package.key, package.layer, Action.INSTALL, f"is {state}" if state else "")


def steps(packages: Sequence[Package], wait: int, refresh: bool = False) -> list[Step]:
    """One apt run for all; waits up to `wait` seconds for apt's lock and names its holder.

    `refresh`: archives were added or changed, so they are read even if nothing is to be installed.
    """
    if not packages and not refresh:
        return []
    script = _INSTALL.format(
        wait=wait,
        timeout=ARCHIVE_TIMEOUT,
        patience=ARCHIVE_PATIENCE,
        packages=words(sorted(package.name for package in packages)),
    )
    layers = {package.layer for package in packages}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("install packages" if packages else "read the archives", layer, script)]


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
    echo "the archives are not read after {patience} s: once more"
done
wanted='{packages}'
[ -n "$wanted" ] || exit 0
# install would take a name that it does not know for a pattern
missing=$(apt-cache policy $wanted | awk -v wanted="$wanted" '
    /^[^ ]/ {{ name = substr($1, 1, length($1) - 1) }}
    /^  Candidate:/ && $2 != "(none)" {{ known[name] }}
    END {{ for (i = split(wanted, names, " "); i > 0; i--) if (!(names[i] in known)) print names[i] }}')
if [ -n "$missing" ]; then
    echo "not to be had: $(echo "$missing" | sort | tr '\n' ' ')"
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
