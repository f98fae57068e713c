"""Who listens on a port of the host: before a site is given it, and when the site is to answer there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lampctl.resources.shell import script, words


def holders(port: int, units: Iterable[str]) -> str:
    """Shell that prints `PORT PID NAME` of who listens on `port`; nothing while one of `units` is active."""
    return script("port/holders", port=port, units=units)


def strangers(user: str, ports: Sequence[int]) -> str:
    """Shell that prints a line for each of `ports` that `user` does not hold: that nobody does, or who does."""
    return _call("strangers", user, ports)


def holds(user: str, ports: Sequence[int]) -> str:
    """Shell that fails, and prints the same, unless `user` holds all of `ports`."""
    return _call("holds", user, ports)


def _call(function: str, user: str, ports: Sequence[int]) -> str:
    return script("port/strangers") + words([function, user, *map(str, ports)])
