"""Facts of a host: distribution, memory, cores, disk, clock; read from one probe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from lampctl.answers import parse_float, parse_int, rows, sections

MIB = 1 << 20
# RFC 1123, 2.1, and underscores, which exist in practice; it is used in configurations and certificates
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_KIBIBYTES = 1 << 48  # more than any machine has: hosts are not trusted, and sizes are derived from this
_CORES = 4096

# What the layers write to.
PLACES = "/ /usr /etc /var /var/log /var/lib/mysql /var/lib/php /var/www /var/tmp /tmp /run"

# Sections of the probe, beside those of lampctl/host/linux; each is a file of plain text in the answer. All are quick.
PROBES: Mapping[str, str] = {
    "os": "cat /etc/os-release",
    "host": "uname -n; nproc; ulimit -Hn",
    "memory": "cat /proc/meminfo | head -n 3",
    "disk": f"df -k --output=target,size,avail,itotal,iavail {PLACES} 2>/dev/null | sed 1d",
    "read-only": "awk '$4 ~ /^ro(,|$)/ { print $2 }' /proc/mounts",
    "clock": "date +%s.%N",
    "systemd": "systemctl is-system-running; systemctl list-units --failed --plain --no-legend",
    "maintenance": "ls /etc/lampctl-maintenance 2>/dev/null || :",
    "certificates": "ls -d /etc/letsencrypt/live/*/fullchain.pem 2>/dev/null || :",
}


@dataclass(frozen=True)
class WebUse:
    """Who uses a web server besides lampctl.

    Attributes:
        files: Its enabled configuration files that others wrote, and that serve something.
        homes: One of these names a place in a home directory.
        workers: Apache's MaxRequestWorkers as others set it; 0: not set.
        taken: Its unit has lampctl's settings.
    """

    files: tuple[str, ...] = ()
    homes: bool = False
    workers: int = 0
    taken: bool = False


@dataclass(frozen=True)
class Held:
    """A site that a rollback holds: it serves the release `at`. A deploy of the release `back` would undo the rollback.

    The host has it as a link /etc/lampctl/held/SITE that points to `text`. `there`: the release `at` exists.
    """

    at: str
    back: str
    there: bool = True

    @classmethod
    def parse(cls, text: str, there: bool = True) -> Self | None:
        found = re.fullmatch(r"([0-9a-f]{8,64})-instead-of-([0-9a-f]{8,64})", text)
        return cls(found[1], found[2], there) if found else None

    @property
    def text(self) -> str:
        return f"{self.at}-instead-of-{self.back}"


@dataclass(frozen=True)
class Facts:
    """Memory in bytes, times in seconds, free disk space in bytes by mount point."""

    platform: str  # ID-VERSION_ID of os-release, such as debian-13
    title: str = ""
    hostname: str = "localhost"
    cores: int = 2
    files: int = 524_288  # open files of a process: the hard limit of a session, at most that of a service
    memory: int = 2048 * MIB
    memory_available: int = 1024 * MIB
    disk: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # mount → (size, free)
    inodes: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # mount → (all, free), where they are limited
    read_only: frozenset[str] = frozenset()  # mounts of `disk`
    clock: float = 0.0
    clock_skew: float | None = None  # host minus controller
    systemd: str = "running"
    failed_units: tuple[str, ...] = ()
    certificates: frozenset[str] = frozenset()  # names of certbot's certificates
    web: Mapping[str, WebUse] = field(default_factory=dict)  # by the server's package
    archive: str = ""  # HOST PORT of the package archive that apt asks first
    unresolved: str | None = None  # the nameservers, if its name does not resolve
    unreached: bool = False  # it takes no connection
    timekeepers: frozenset[str] = frozenset(("synchronized",))  # see host/linux/time.sh
    held: Mapping[str, Held] = field(default_factory=dict)  # by site
    maintenance: frozenset[str] = frozenset()  # sites, see lampctl/layers/maintenance.py


def nominal(platform: str, sites: Iterable[str] = ()) -> Facts:
    """A host with 2 GiB, 2 cores and a certificate for each site, so that every feature is rendered.

    For `render`, and to know which paths matter before a host is observed.
    """
    return Facts(platform, hostname="host.example", certificates=frozenset(sites))


def fullest(platform: str, sites: Iterable[str], servers: Iterable[str]) -> Facts:
    """A host on which every resource might be wanted: the observation covers all of them."""
    return replace(nominal(platform, sites), web={server: WebUse(homes=True) for server in servers})


def parse(raw: Mapping[str, str], now: float) -> Facts:
    """Facts from the answers to PROBES; `now` is the controller's clock at the middle of the probe.

    A value that is not a number counts as missing.
    """
    os = _pairs(raw.get("os", ""), "=")
    memory = _pairs(raw.get("memory", ""), ":")
    host = raw.get("host", "").split()
    states = raw.get("systemd", "").splitlines()
    disk, inodes = _disk(raw.get("disk", ""))
    clock = parse_float(raw.get("clock", "").strip()) or 0.0
    return Facts(
        platform=f"{os.get('ID', 'unknown')}-{os.get('VERSION_ID', 'rolling')}",
        title=os.get("PRETTY_NAME", "an unknown system"),
        hostname=host[0] if host and _HOSTNAME.fullmatch(host[0]) else Facts.hostname,
        cores=min(max(1, (parse_int(host[1]) if len(host) > 1 else None) or 1), _CORES),
        files=(parse_int(host[2]) if len(host) > 2 else None) or Facts.files,
        memory=_kilobytes(memory.get("MemTotal", "")),
        memory_available=_kilobytes(memory.get("MemAvailable", "")),
        disk=disk,
        inodes=inodes,
        read_only=frozenset(disk) & frozenset(raw.get("read-only", "").split("\n")),
        clock=clock,
        clock_skew=clock - now if clock else None,
        systemd=states[0].strip() if states else "unknown",
        failed_units=tuple(line.split()[0] for line in states[1:] if line.strip()),
        certificates=frozenset(f"/{path}".split("/")[-2] for path in raw.get("certificates", "").split()),
        **_surroundings(raw),
    )


def _web(text: str) -> dict[str, WebUse]:
    """Rows `SERVER<TAB>WHAT<TAB>VALUE` of lampctl/host/web/others.sh."""
    found: dict[str, list[list[str]]] = {}
    for server, what, value in rows(text, 3):
        found.setdefault(server, []).append([what, value])
    return {server: _web_use(items) for server, items in found.items()}


def _web_use(items: Iterable[list[str]]) -> WebUse:
    values: dict[str, list[str]] = {}
    for what, value in items:
        values.setdefault(what, []).append(value)
    workers = parse_int(values.get("workers", [""])[0]) or 0
    return WebUse(tuple(values.get("file", ())), "home" in values, workers, "taken" in values)


def _surroundings(raw: Mapping[str, str]) -> dict[str, Any]:
    """What host/web/others.sh, host/linux/network.sh and time.sh, and host/release/look.sh print."""
    found = sections(raw.get("network", ""))
    links = (row for row in rows(raw.get("releases", ""), 4) if row[0] == "held")
    held = {site: Held.parse(text, there == "there") for _, site, text, there in links}
    return {
        "held": {site: state for site, state in held.items() if state},
        "maintenance": frozenset(raw.get("maintenance", "").split()),
        "web": _web(raw.get("web", "")),
        "timekeepers": frozenset(raw.get("time", "synchronized").split()),
        "archive": found.get("archive", ""),
        "unresolved": found.get("unresolved"),
        "unreached": "unreached" in found,
    }


def _disk(text: str) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Lines of mount, size and free space in KiB, all and free inodes: (bytes, inodes), each by mount."""
    space: dict[str, tuple[int, int]] = {}
    inodes: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        mount, *numbers = line.rsplit(None, 4) if len(line.split()) > 4 else ("",)
        size, free, every, left = (parse_int(number) for number in numbers) if numbers else (None,) * 4
        if size is not None and free is not None:
            space[mount] = min(size, _KIBIBYTES) * 1024, min(free, _KIBIBYTES) * 1024
        if every and left is not None:  # some file systems have no limit
            inodes[mount] = every, left
    return space, inodes


def _pairs(text: str, separator: str) -> dict[str, str]:
    split = (line.split(separator, 1) for line in text.splitlines() if separator in line)
    return {key.strip(): value.strip().strip("\"'") for key, value in split}


def _kilobytes(text: str) -> int:
    words = text.split()
    return min((parse_int(words[0]) if words else None) or 0, _KIBIBYTES) * 1024
