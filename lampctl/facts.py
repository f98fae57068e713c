"""Facts of a host: distribution, memory, cores, disk, clock; read from one probe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lampctl.answers import decimal, whole

MIB = 1 << 20
# RFC 1123, 2.1, and underscores, which hosts do have; it comes into configurations and certificates
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_KIBIBYTES = 1 << 48  # more than any machine has; sizes are derived from what a host says
_CORES = 4096

# Sections of the probe; each is a file of plain text in the answer. All of them are quick.
PROBES: Mapping[str, str] = {
    "os": "cat /etc/os-release",
    "host": "uname -n; nproc; ulimit -Hn",
    "memory": "cat /proc/meminfo | head -n 3",
    "disk": "df -Pk / /usr /etc /var /var/log /var/lib/mysql /var/www 2>/dev/null | awk 'NR > 1 { print $6, $2, $4 }'",
    "clock": "date +%s.%N",
    "systemd": "systemctl is-system-running; systemctl list-units --failed --plain --no-legend",
    "certificates": "ls -d /etc/letsencrypt/live/*/fullchain.pem 2>/dev/null || :",
}


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
    clock: float = 0.0
    clock_skew: float | None = None  # host minus controller
    systemd: str = "running"
    failed_units: tuple[str, ...] = ()
    certificates: frozenset[str] = frozenset()  # names of certbot's certificates


def nominal(platform: str, sites: Iterable[str] = ()) -> Facts:
    """A host with 2 GiB, 2 cores and a certificate for each site, so that every feature is rendered.

    For `render`, and to find out which paths matter before a host is seen.
    """
    return Facts(platform, hostname="host.example", certificates=frozenset(sites))


def parse(raw: Mapping[str, str], now: float) -> Facts:
    """Facts from the answers to PROBES; `now` is the controller's clock at the middle of the probe.

    What is no number is taken for an answer that did not come.
    """
    os = _pairs(raw.get("os", ""), "=")
    memory = _pairs(raw.get("memory", ""), ":")
    host = raw.get("host", "").split()
    states = raw.get("systemd", "").splitlines()
    clock = decimal(raw.get("clock", "").strip()) or 0.0
    return Facts(
        platform=f"{os.get('ID', 'unknown')}-{os.get('VERSION_ID', 'rolling')}",
        title=os.get("PRETTY_NAME", "an unknown system"),
        hostname=host[0] if host and _HOSTNAME.fullmatch(host[0]) else Facts.hostname,
        cores=min(max(1, (whole(host[1]) if len(host) > 1 else None) or 1), _CORES),
        files=(whole(host[2]) if len(host) > 2 else None) or Facts.files,
        memory=_kilobytes(memory.get("MemTotal", "")),
        memory_available=_kilobytes(memory.get("MemAvailable", "")),
        disk=_disk(raw.get("disk", "")),
        clock=clock,
        clock_skew=clock - now if clock else None,
        systemd=states[0].strip() if states else "unknown",
        failed_units=tuple(line.split()[0] for line in states[1:] if line.strip()),
        certificates=frozenset(f"/{path}".split("/")[-2] for path in raw.get("certificates", "").split()),
    )


def _disk(text: str) -> dict[str, tuple[int, int]]:
    """Lines of mount, size and free space in KiB."""
    found: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        row = line.rsplit(None, 2)
        if len(row) == 3 and (size := whole(row[1])) is not None and (free := whole(row[2])) is not None:
            found[row[0]] = min(size, _KIBIBYTES) * 1024, min(free, _KIBIBYTES) * 1024
    return found


def _pairs(text: str, separator: str) -> dict[str, str]:
    rows = (line.split(separator, 1) for line in text.splitlines() if separator in line)
    return {key.strip(): value.strip().strip("\"'") for key, value in rows}


def _kilobytes(text: str) -> int:
    words = text.split()
    return min((whole(words[0]) if words else None) or 0, _KIBIBYTES) * 1024
