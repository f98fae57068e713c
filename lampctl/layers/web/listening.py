"""Where a web server listens, by its configuration."""

from __future__ import annotations


def moves_a_port(former: str, new: str) -> bool:
    """Does a port get another address in place of one that it has, such as all in place of one?

    Linux refuses an address that overlaps with that of a socket, and a reload keeps those until it has the new ones.
    """
    before, after = _listens(former), _listens(new)
    return any(before[port] - after[port] and after[port] - before[port] for port in before.keys() & after.keys())


def _listens(text: str) -> dict[str, frozenset[str]]:
    """Port -> addresses, of Apache's or NGINX's directives; an empty one is every address."""
    found: dict[str, set[str]] = {}
    for words in (line.split() for line in text.splitlines()):
        if len(words) > 1 and words[0].lower() == "listen":
            address, _, port = words[1].rstrip(";").rpartition(":")
            found.setdefault(port, set()).add(address)
    return {port: frozenset(addresses) for port, addresses in found.items()}
