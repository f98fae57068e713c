"""The operating system: packages that the playbook asks for, and the facts that everything needs."""

from __future__ import annotations

from lampctl.checks import Check, Evidence, Judge, Verdict, Where, failed, passed, unknown
from lampctl.facts import MIB, Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.hardening import hardening
from lampctl.layers.repositories import repositories
from lampctl.layers.versions import versions
from lampctl.resources import Package

DISK_FREE = 100 * MIB  # below it, logs and databases soon stop
DISK_INSTALL = 700 * MIB  # what the packages of the stack take while they are installed
DISK_CHANGE = 16 * MIB  # what a generation of configuration files may take
DISK_WRITES = ("/", "/usr", "/etc", "/var")  # where packages and generations go
MEMORY_FREE = 32 * MIB
CLOCK_SKEW = 60.0  # seconds; beyond it certificates, sessions and logs mislead


def linux(context: Context) -> Desired:
    options = context.playbook.linux
    ignored = frozenset(options.ignore_failed_units)
    own = _own_units(context)
    return Desired(
        resources=(*repositories(context), *(Package(name, "linux") for name in options.packages)),
        checks=(
            _check("linux.ssh", "SSH answers and lets us be root", "a shell as root", _ssh, Where.OUTSIDE),
            _check("linux.disk", "the disk has room", f"{DISK_FREE // MIB} MiB free on each file system", _disk),
            _check("linux.memory", "memory is left", f"{MEMORY_FREE // MIB} MiB available", _memory),
            _check("linux.clock", "the clock is right", f"within {CLOCK_SKEW:.0f} s of this machine's", _clock),
            _check(
                "linux.systemd",
                "systemd is content",
                "no failed units",
                lambda seen: _systemd(seen, ignored | own),
            ),
        ),
        preflights=(Preflight("linux.disk", ":", _room),),
    ) + (hardening() if options.hardening else Desired())


def _own_units(context: Context) -> frozenset[str]:
    """Units of the stack have checks of their own, which say more."""
    platform = context.platform
    databases = (names.unit for names in platform.mysql.values())
    servers = (names.unit for names in platform.web.values())
    programs = (unit for name, site in context.playbook.sites.items() for unit in site.units(name))
    return frozenset((*databases, *servers, *(names.unit for names in versions(context)), *programs))


def _check(id: str, title: str, expected: str, judge: Judge, where: Where = Where.HOST) -> Check:
    needs = () if id == "linux.ssh" else ("linux.ssh",)
    return Check(id, "linux", where, title, expected, judge, needs, undoable=False)


def _ssh(seen: Evidence) -> Verdict:
    return passed(f"root on {seen.facts.title}")


def _disk(seen: Evidence) -> Verdict:
    if not seen.facts.disk:
        return unknown("df said nothing")
    mount, (size, free) = min(seen.facts.disk.items(), key=lambda item: item[1][1])
    text = f"{free // MIB} MiB free of {size // MIB} MiB on {mount}"
    if free >= DISK_FREE:
        return passed(text)
    return failed(text, hint=f"free space on {mount}: du -xh {mount} | sort -h | tail; apt-get clean")


def _memory(seen: Evidence) -> Verdict:
    text = f"{seen.facts.memory_available // MIB} MiB available of {seen.facts.memory // MIB} MiB"
    if seen.facts.memory_available >= MEMORY_FREE:
        return passed(text)
    return failed(
        text,
        hint="see what takes it (ps aux --sort=-rss | head); lower php.max_children or mysql.buffer_pool",
    )


def _clock(seen: Evidence) -> Verdict:
    skew = seen.facts.clock_skew
    if skew is None:
        return unknown("date said nothing")
    if abs(skew) <= CLOCK_SKEW:
        return passed(f"{abs(skew):.1f} s off")
    side = "ahead of" if skew > 0 else "behind"
    return failed(f"{abs(skew):.0f} s {side} this machine's", hint="timedatectl set-ntp true")


def _systemd(seen: Evidence, ignored: frozenset[str]) -> Verdict:
    state = seen.facts.systemd
    # Those of sites, a cron or a runner, have checks of their own too.
    units = [u for u in seen.facts.failed_units if u not in ignored and not u.startswith("lampctl-")]
    if units:
        hint = f"journalctl -u {units[0]}; then systemctl reset-failed, or name it in linux.ignore_failed_units"
        return failed(f"{len(units)} failed: {', '.join(units)}", f"systemctl is-system-running: {state}", hint)
    if state in ("running", "degraded", "starting"):
        return passed(state)
    return failed(f"is {state}", hint="the host has to be booted with systemd")


def _room(_raw: str, facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A full disk breaks a package halfway through; so it is refused before."""
    installs = any(key.startswith("package:") for key in changing)
    need = DISK_INSTALL if installs else DISK_CHANGE
    rooms = [(mount, free) for mount, (_, free) in facts.disk.items() if mount in DISK_WRITES]
    short = [(mount, free) for mount, free in rooms if changing and free < need]
    return [
        Problem(
            "disk-full",
            f"{mount} has {free // MIB} MiB free, and this run needs {need // MIB} MiB",
            f"free space: du -xh {mount} | sort -h | tail; apt-get clean",
        )
        for mount, free in short[:1]
    ]
