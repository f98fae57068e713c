"""Where a web server listens, by its configuration."""

from __future__ import annotations

_EVERY_6 = {"[::]"}  # for NGINX of IPv6 only: it overlaps with no address of IPv4


def moves_a_port(former: str, new: str) -> bool:
    """Does one of the ports get another address?

    Linux refuses an address that overlaps with that of a socket, and a reload keeps those until it has the new ones.
    """
    before, after = _listens(former), _listens(new)
    return any(before[port] - _EVERY_6 != after[port] - _EVERY_6 for port in before.keys() & after.keys())


def _listens(text: str) -> dict[str, frozenset[str]]:
    """Port -> addresses, of Apache's or NGINX's directives; an empty one is every address."""
    found: dict[str, set[str]] = {}
    for words in (line.split() for line in text.splitlines()):
        if len(words) > 1 and words[0].lower() == "listen":
            address, _, port = words[1].rstrip(";").rpartition(":")
            found.setdefault(port, set()).add(address)
    return {port: frozenset(addresses) for port, addresses in found.items()}
