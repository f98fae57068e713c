"""Which process listens on a port of the host: before a site gets the port, and while it should hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class Holder:
    """A process that listens on a port. `unit`: the service that it belongs to, or `-`."""

    port: str
    pid: str
    unit: str
    name: str

    def __str__(self) -> str:
        return f"{self.name or 'another program'} (pid {self.pid or 'unknown'})"

    @property
    def stop(self) -> str:
        """The command that stops it."""
        return f"kill {self.pid}" if self.unit in ("", "-") else f"systemctl stop {self.unit}"


def holders(port: int, units: Iterable[str]) -> str:
    """Shell that prints what `parse_holders` reads; nothing while one of `units` is active."""
    return script("port/listening", "port/holders", port=port, units=units)


def parse_holders(raw: str, changing: Collection[str]) -> list[Holder]:
    """Who is in the way. A unit that the plan stops gives up its port in time.

    Args:
        changing: Keys of what the plan changes; none for a check.
    """
    words = (f"{line}   ".split(" ", 3) for line in raw.splitlines() if line.strip())
    found = (Holder(port, pid, unit, name.strip()) for port, pid, unit, name in words)
    return [holder for holder in found if f"service:{holder.unit}" not in changing]


def strangers(user: str, ports: Sequence[int]) -> str:
    """Shell that prints a line for each of `ports` that `user` does not hold: who does, or that nobody does."""
    return _call("strangers", user, ports)


def exposed(user: str, ports: Sequence[int]) -> str:
    """Shell that prints those of `ports` on which `user` listens at addresses that other hosts may reach."""
    return _call("exposed", user, ports)


def holds(user: str, ports: Sequence[int]) -> str:
    """Shell that fails, and prints the same lines, unless `user` holds all of `ports`."""
    return _call("holds", user, ports)


def _call(function: str, user: str, ports: Sequence[int]) -> str:
    return script("port/listening", "port/strangers") + words([function, user, *map(str, ports)])
