"""The operating system: the playbook's packages, and the checks that everything else depends on."""

from __future__ import annotations

from lampctl.checks import Check, Evidence, Judge, Verdict, Where, failed, passed, unknown
from lampctl.facts import MIB, Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.hardening import hardening
from lampctl.layers.repositories import repositories
from lampctl.layers.versions import versions
from lampctl.playbook.sites import SiteBase, WorkingSite
from lampctl.resources import Package

DISK_FREE = 100 * MIB  # below it, logs and databases soon stop
DISK_INSTALL = 700 * MIB  # what installing the packages of the stack takes
DISK_CHANGE = 16 * MIB  # what a generation of configuration files takes
SCRATCH_FREE = 4 * MIB
SCRATCH = ("/run", "/tmp", "/var/tmp")  # often in memory, and small
INODES_FREE = 1000  # each file takes one
INODES_INSTALL = 20_000  # what the packages of the stack take
DISK_WRITES = ("/", "/usr", "/etc", "/var")  # where packages and generations go
MEMORY_FREE = 32 * MIB
_DISK = f"{DISK_FREE // MIB} MiB and {INODES_FREE} inodes free on each file system, none of them read-only"
CLOCK_SKEW = 60.0  # seconds; beyond it, certificates, sessions and logs go wrong


def linux(context: Context) -> Desired:
    options = context.playbook.linux
    ignored = frozenset(options.ignore_failed_units)
    own = _own_units(context)
    return Desired(
        resources=(*repositories(context), *(Package(name, "linux") for name in options.packages)),
        checks=(
            _check("linux.ssh", "SSH answers and allows root", "a shell as root", _ssh, Where.OUTSIDE),
            _check("linux.disk", "the disk has free space", _DISK, _disk),
            _check("linux.memory", "memory is available", f"{MEMORY_FREE // MIB} MiB available", _memory),
            _check("linux.clock", "the clock is right", f"within {CLOCK_SKEW:.0f} s of this machine's clock", _clock),
            *(() if options.offline else _OUTWARD),
            _check(
                "linux.systemd",
                "systemd reports no failed units",
                "no failed units",
                lambda seen: _systemd(seen, ignored | own),
            ),
        ),
        preflights=(Preflight("linux.disk", ":", _judge_space),),
    ) + (hardening() if options.hardening else Desired())


_DNS = Check("linux.dns", "linux", Where.HOST, "names resolve", "the package archive's name resolves",
             lambda seen: _dns(seen.facts), ("linux.ssh",), undoable=False)  # fmt: skip
_ARCHIVE = Check("linux.archive", "linux", Where.HOST, "the package archive can be reached", "it takes connections",
                 lambda seen: _archive(seen.facts), ("linux.dns",), undoable=False)  # fmt: skip
_OUTWARD = (_DNS, _ARCHIVE)


def _own_units(context: Context) -> frozenset[str]:
    """Units of the stack, which have more specific checks."""
    platform = context.platform
    databases = (names.unit for names in platform.mysql.values())
    servers = (names.unit for names in platform.web.values())
    programs = (unit for name, site in context.playbook.sites.items() for unit in _units(name, site))
    acme = any(site.https and site.https.mode == "acme" for site in context.playbook.sites.values())
    renewals = ("certbot.service", "certbot.timer") if acme else ()
    return frozenset((*databases, *servers, *(names.unit for names in versions(context)), *programs, *renewals))


def _units(name: str, site: SiteBase) -> tuple[str, ...]:
    return (*site.units(name), *(site.jobs(name) if isinstance(site, WorkingSite) else ()))


def _check(id: str, title: str, expected: str, judge: Judge, where: Where = Where.HOST) -> Check:
    needs = () if id == "linux.ssh" else ("linux.ssh",)
    return Check(id, "linux", where, title, expected, judge, needs, undoable=False)


def _ssh(seen: Evidence) -> Verdict:
    return passed(f"root on {seen.facts.title}")


def _disk(seen: Evidence) -> Verdict:
    facts = seen.facts
    if not facts.disk:
        return unknown("df printed nothing")
    for mount in sorted(facts.read_only):
        return failed(f"{mount} is mounted read-only", hint=f"dmesg may say why; then: mount -o remount,rw {mount}")
    for mount, (every, free) in facts.inodes.items():
        if free < min(INODES_FREE, every // 20):
            text = f"{free} inodes free of {every} on {mount}"
            return failed(text, hint=f"find what has so many files: du --inodes -xS {mount} | sort -n | tail")
    short = [m for m, (_, free) in facts.disk.items() if free < (SCRATCH_FREE if m in SCRATCH else DISK_FREE)]
    mount = min(
        short or [m for m in facts.disk if m not in SCRATCH] or facts.disk, key=lambda mount: facts.disk[mount][1]
    )
    size, free = facts.disk[mount]
    text = f"{free // MIB} MiB free of {size // MIB} MiB on {mount}"
    if not short:
        return passed(text)
    return failed(text, hint=f"free space on {mount}: du -xh {mount} | sort -h | tail; apt-get clean")


def _memory(seen: Evidence) -> Verdict:
    text = f"{seen.facts.memory_available // MIB} MiB available of {seen.facts.memory // MIB} MiB"
    if seen.facts.memory_available >= MEMORY_FREE:
        return passed(text)
    return failed(
        text,
        hint="see what uses it (ps aux --sort=-rss | head); lower php.max_children or mysql.buffer_pool",
    )


def _clock(seen: Evidence) -> Verdict:
    skew = seen.facts.clock_skew
    if skew is None:
        return unknown("date printed nothing")
    keepers = seen.facts.timekeepers
    if abs(skew) > CLOCK_SKEW:
        side = "ahead of" if skew > 0 else "behind"
        where = "it is a container: set its machine's clock" if "container" in keepers else "timedatectl set-ntp true"
        return failed(f"{abs(skew):.0f} s {side} this machine's clock", hint=f"timedatectl shows its state; {where}")
    right = f"{abs(skew):.1f} s off"
    if not keepers:
        return unknown(f"{right}, but no time service runs", hint="apt-get install systemd-timesyncd")
    if keepers == {"systemd-timesyncd"}:
        hint = "timedatectl timesync-status shows the server; UDP port 123 must be open to it"
        return unknown(f"{right}, but systemd-timesyncd has not synchronized it", hint=hint)
    return passed(right)


def _dns(facts: Facts) -> Verdict:
    if facts.unresolved is None:
        return passed(f"{facts.archive.split()[0]} resolves" if facts.archive else "no package archive to look up")
    servers = f"nameserver {facts.unresolved}" if facts.unresolved.strip() else "/etc/resolv.conf names no nameserver"
    hint = (
        "cat /etc/resolv.conf shows the nameservers, grep ^hosts /etc/nsswitch.conf where names are looked up;"
        " for a host without a way out: linux: {offline: true}"
    )
    return failed(f"{facts.archive.split()[0]} does not resolve", servers, hint)


def _archive(facts: Facts) -> Verdict:
    """A warning: the sites do without it, but packages and security updates don't come."""
    where = ":".join(facts.archive.split())
    if facts.unreached:
        return unknown(f"no connection to {where}", hint="apt-get update shows why: packages can't be installed")
    return passed(f"{where} takes connections" if where else "all packages are local")


def _systemd(seen: Evidence, ignored: frozenset[str]) -> Verdict:
    state = seen.facts.systemd
    # A site's units, such as a cron job, have checks of their own too.
    units = [u for u in seen.facts.failed_units if u not in ignored and not u.startswith("lampctl-")]
    if units:
        hint = (
            f"journalctl -u {units[0]} shows why; systemctl reset-failed {units[0]} forgets it; or name it in"
            " linux.ignore_failed_units"
        )
        return failed(f"{len(units)} failed: {', '.join(units)}", f"systemctl is-system-running: {state}", hint)
    if state in ("running", "degraded", "starting"):
        return passed(state)
    return failed(f"is {state}", hint="the host must be booted with systemd")


def _judge_space(_raw: str, facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """Refuse a disk that is full or read-only: it would break a package installation halfway through."""
    installs = any(key.startswith("package:") for key in changing)
    need, files = (DISK_INSTALL, INODES_INSTALL) if installs else (DISK_CHANGE, INODES_FREE)
    for mount in DISK_WRITES if changing else ():
        size_free, inodes_free = facts.disk.get(mount), facts.inodes.get(mount)
        if mount in facts.read_only:
            return [
                Problem("read-only", f"{mount} is mounted read-only", f"mount -o remount,rw {mount}; dmesg may say why")
            ]
        if size_free and size_free[1] < need:
            what = f"{mount} has {size_free[1] // MIB} MiB free; this run needs {need // MIB} MiB"
            return [Problem("disk-full", what, f"free space: du -xh {mount} | sort -h | tail; apt-get clean")]
        if inodes_free and inodes_free[1] < files:
            what = f"{mount} has {inodes_free[1]} inodes free; this run needs {files}"
            return [
                Problem("disk-full", what, f"find what has so many files: du --inodes -xS {mount} | sort -n | tail")
            ]
    return []
